/** A job: counts its runs in the file that COUNT names, then ends as MODE says. */
import { appendFileSync, readFileSync } from "node:fs";

const { COUNT = "", MODE } = process.env;
appendFileSync(COUNT, "ran\n");
console.log(`migrating as pid ${process.pid}`);
const runs = readFileSync(COUNT, "utf8").trimEnd().split("\n").length;
if (MODE === "hang" || (MODE === "hang once" && runs === 1)) setInterval(() => undefined, 1_000);
else if (MODE === "slow") setTimeout(() => console.log("migrated"), 2_500);
else process.exitCode = MODE === "fail" ? 1 : 0;
