// Runs Azurite's blob service and ends with the process that started it: when standard input closes, however the
// parent came to its end, this process exits too. So no test leaves a server behind, not even one that is killed.
"use strict";
process.stdin.on("close", () => process.exit(0));
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
require("azurite/dist/src/blob/main.js");
