import { modelServerContract } from "./model-server-contract.ts";

modelServerContract("node");
modelServerContract("python");
