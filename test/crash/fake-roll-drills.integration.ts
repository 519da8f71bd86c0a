import { playPart } from "./fake-tests.ts";

playPart("roll-drills");
