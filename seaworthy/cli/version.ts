/** Kept equal to package.json by a test (`cli/version.test.ts`): reading a file here costs start-up. */
export const VERSION = "0.1.0";
