import { targetContract } from "../contract.ts";
import { Rehearsal } from "./fixtures/rehearsal.ts";

targetContract({
  name: "local",
  runsProcesses: true,
  make: async () => await Rehearsal.begin(),
});
