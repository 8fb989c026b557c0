// Runs the audits of graphql-http against an address and prints the names of those that are not ok.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const names = (status) => results.filter((result) => result.status === status).map((result) => `${result.id} ${result.name}`);
console.log(JSON.stringify({ audits: results.length, warn: names("warn"), error: names("error") }));
