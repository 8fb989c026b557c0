// What a page in a mobile web view and its native side tell each other, by postMessage (docs/mobile.md).
// The origin of a message is compared before anything in it is looked at.

function checked(origin) {
  const parts = URL.canParse(origin) ? new URL(origin) : null;
  if (parts?.protocol !== "https:" || parts.origin !== origin) {
    throw new TypeError("An origin is like https://book.example.com.");
  }
  return origin;
}

// Calls handlers[kind](value) for messages { kind, value } of one origin, and of no other; gives what ends it.
export function listen(target, origin, handlers) {
  checked(origin);
  function hear(event) {
    if (event.origin !== origin) return;
    const { kind, value } = Object(event.data);
    if (typeof kind === "string" && Object.hasOwn(handlers, kind)) handlers[kind](value);
  }
  target.addEventListener("message", hear);
  return () => target.removeEventListener("message", hear);
}

// Tells something to whoever listens at one origin; "*" is none.
export function tell(target, origin, kind, value) {
  target.postMessage({ kind, value }, checked(origin));
}
