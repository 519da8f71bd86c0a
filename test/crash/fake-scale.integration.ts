import { playPart } from "./fake-tests.ts";

playPart("scale");
