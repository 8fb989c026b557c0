"""The messages of mobile pages, run by a JavaScript engine: a foreign origin is heard by nobody."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

BRIDGE = Path(__file__).parents[2] / "web" / "bridge.js"
NODE = shutil.which("node")
OURS = "https://book.example.com"
SCRIPT = """
import { listen, tell } from "./bridge.mjs";
const done = [], target = new EventTarget();
const send = (origin, data) => target.dispatchEvent(Object.assign(new Event("message"), { origin, data }));
const end = listen(target, OURS, { refresh: (value) => done.push(value) });
for (const origin of ["https://evil.example", "http://book.example.com", OURS + ":8443",
    OURS + ".evil.example", "null", "", undefined]) send(origin, { kind: "refresh", value: origin });
for (const data of [null, "refresh", { kind: "toString" }, { kind: 1 }, { kind: "constructor" }, []])
  send(OURS, data);
let looked = false;
send("https://evil.example", { get kind() { looked = true; return "refresh"; } });
send(OURS, { kind: "refresh", value: 1 });
end();
send(OURS, { kind: "refresh", value: 2 });
const said = [], refused = [];
tell({ postMessage: (...given) => said.push(given) }, OURS, "refresh", 3);
for (const origin of ["*", "http://book.example.com", OURS + "/", "book.example.com", "", "https://"]) {
  for (const act of [() => listen(target, origin, {}), () => tell(target, origin, "refresh")]) {
    try { act(); } catch (error) { refused.push(error.name); }
  }
}
console.log(JSON.stringify({ done, looked, said, refused }));
"""


@pytest.mark.skipif(NODE is None, reason="no JavaScript engine is installed here")
def test_a_message_of_our_origin_is_handled_and_a_foreign_one_is_not_looked_at(tmp_path: Path) -> None:
    """R039, P14."""
    (tmp_path / "bridge.mjs").write_bytes(BRIDGE.read_bytes())
    script = tmp_path / "script.mjs"
    script.write_text(SCRIPT.replace("OURS", json.dumps(OURS)))

    ran = subprocess.run([str(NODE), str(script)], capture_output=True, text=True, check=True, timeout=30)

    assert json.loads(ran.stdout) == {
        "done": [1],
        "looked": False,
        "said": [[{"kind": "refresh", "value": 3}, OURS]],
        "refused": ["TypeError"] * 12,
    }
