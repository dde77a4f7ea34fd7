#!/usr/bin/env node
// A stand-in for the AWS CLI: has the test answer that runs it.

const response = await fetch(process.env.AWS_STAND_IN, {
  method: 'POST',
  body: JSON.stringify(process.argv.slice(2)),
});
const text = await response.text();
if (response.ok) process.stdout.write(text);
else {
  process.stderr.write(text);
  process.exit(255);
}
