/** A job: counts its runs in the file that COUNT names, then ends as MODE says. */
import { appendFileSync } from "node:fs";

appendFileSync(process.env["COUNT"] ?? "", "ran\n");
console.log("migrating");
if (process.env["MODE"] === "hang") setInterval(() => undefined, 1_000);
else process.exitCode = process.env["MODE"] === "fail" ? 1 : 0;
