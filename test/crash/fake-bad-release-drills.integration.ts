import { playPart } from "./fake-tests.ts";

playPart("bad-release-drills");
