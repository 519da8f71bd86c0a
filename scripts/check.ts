import { runCheck } from "./check-stages.ts";
import { interruptible } from "./interrupt.ts";

const root = new URL("..", import.meta.url).pathname;
const tally = await runCheck({
  root,
  environment: process.env,
  signal: interruptible(),
  write: (text) => void process.stdout.write(text),
});
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
