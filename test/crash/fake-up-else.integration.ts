import { playPart } from "./fake-tests.ts";

playPart("up-else");
