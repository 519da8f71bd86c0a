// Plain JavaScript, loaded first: an older Node would fail on the first `.ts` file with a riddle.
if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(
    `Seaworthy needs Node 24, this is ${process.versions.node}: \`npm install\` brings it along.`,
  );
  process.exit(1);
}
