/** Equal to package.json's (`version.test.ts` sees to it): reading a file costs start-up time. */
export const VERSION = "0.1.0";
