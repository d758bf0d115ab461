// Uploads a folder with a client of the artifact services from version 4 on, downloads it in the same
// job, and says what came back.
import * as core from '@actions/core'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

// Bytes that do not compress, the same at every call.
export function noise(size) {
  const bytes = Buffer.alloc(size)
  let state = 1
  for (let at = 0; at < size; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes.writeUInt32LE(state, at)
  }
  return bytes
}

export function makeFiles(folder) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'sub'), { recursive: true })
  const files = { 'a.txt': Buffer.from('hello\n'), 'sub/empty': Buffer.alloc(0), 'sub/big.bin': noise(20 << 20) }
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(folder, path), bytes)
  return Object.keys(files).map((path) => join(folder, path))
}

export function compare(made, found) {
  for (const path of ['a.txt', 'sub/empty', 'sub/big.bin']) {
    const [one, two] = [readFileSync(join(made, path)), readFileSync(join(found, path))]
    if (sha256(one) !== sha256(two)) throw new Error(`${path} came back differently`)
  }
}

export async function artifactRoundTrip(label, client) {
  const made = join(process.env.RUNNER_TEMP, 'made')
  const found = join(process.env.RUNNER_TEMP, 'found')
  rmSync(found, { recursive: true, force: true })
  const name = `artifact-${label}`
  const uploaded = await client.uploadArtifact(name, makeFiles(made), made, { retentionDays: 5, compressionLevel: 0 })
  core.info(`uploaded ${name} ${uploaded.size} bytes`)
  const { artifact } = await client.getArtifact(name)
  if (artifact.id !== uploaded.id) throw new Error(`listed as ${artifact.id}, uploaded as ${uploaded.id}`)
  await client.downloadArtifact(artifact.id, { path: found })
  compare(made, found)
  await expectRefusal(() => client.uploadArtifact(name, [join(made, 'a.txt')], made))
  const { artifacts } = await client.listArtifacts()
  core.info(`round trip of ${name} is good, ${artifacts.filter((it) => it.name === name).length} of it listed`)
}

async function expectRefusal(upload) {
  try {
    await upload()
  } catch (error) {
    core.info(`refused: ${error.message}`)
    return
  }
  throw new Error('a name was given twice')
}
