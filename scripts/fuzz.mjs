// `npm run fuzz [-- capabilities] [-- --seed N --minutes M]`: the server over the wire, or the capabilities against a model.
const [subject] = process.argv.slice(2);
if (subject === undefined || subject.startsWith("--")) {
  await import("./fuzz-server.mjs");
} else if (subject === "capabilities") {
  process.argv.splice(2, 1);
  await import("./fuzz-capabilities.mjs");
} else {
  console.error(`Cannot fuzz "${subject}": there is capabilities, and without a name the server`);
  process.exit(2);
}
