// Starts the GitHub of the package `emulate` and says where it is, as one line of JSON. Reads its seed as
// JSON from standard input's first line, and ends when standard input does.
import { createInterface } from 'node:readline'

import { createEmulator } from 'emulate'

const lines = createInterface({ input: process.stdin })
const { value: first } = await lines[Symbol.asyncIterator]().next()
const { port, seed } = JSON.parse(first)
const emulator = await createEmulator({ service: 'github', port, seed })
const key = emulator.generatedSecrets.find((secret) => secret.kind === 'github.app_private_key')
process.stdout.write(`${JSON.stringify({ url: emulator.url, private_key: key?.value })}\n`)
process.stdin.on('end', () => process.exit(0))
process.stdin.resume()
