/** Ends at once, with a reason on stderr. */
console.error("cannot find my configuration");
process.exit(3);
