// Saves a folder with a cache client, restores it, and says what came back.
import * as core from '@actions/core'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { noise, sha256 } from './artifact.js'

export async function cacheRoundTrip(label, client) {
  // Where the job's home is depends on nothing else of the job.
  const folder = join(process.env.RUNNER_TEMP, `cached-${label}`)
  const protocol = core.getInput('protocol')
  if (protocol === '1') delete process.env.ACTIONS_CACHE_SERVICE_V2
  const key = `cache-${label}-${protocol}-one`
  if ((await client.restoreCache([folder], key)) !== undefined) throw new Error('found before it was saved')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  // More than a part of any protocol.
  const size = Number(core.getInput('mebibytes') || '40') << 20
  writeFileSync(join(folder, 'big.bin'), noise(size))
  await client.saveCache([folder], key)
  rmSync(folder, { recursive: true, force: true })
  const found = await client.restoreCache([folder], `cache-${label}-${protocol}-two`, [`cache-${label}-${protocol}-`])
  if (found !== key) throw new Error(`found ${found}`)
  if (sha256(readFileSync(join(folder, 'big.bin'))) !== sha256(noise(size))) throw new Error('came back differently')
  await client.saveCache([folder], key).then(
    (id) => core.info(`saved again as ${id}`),
    (error) => core.info(`saved once: ${error.name}`),
  )
  core.info(`round trip of ${key} is good`)
}
