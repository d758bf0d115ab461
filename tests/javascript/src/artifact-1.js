// The artifact client of version 1, which upload-artifact up to version 3 is made of.
import * as artifact from 'artifact-1'
import * as core from '@actions/core'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { compare, makeFiles } from './kept/artifact.js'

async function roundTrip() {
  const made = join(process.env.RUNNER_TEMP, 'made')
  const found = join(process.env.RUNNER_TEMP, 'found')
  rmSync(found, { recursive: true, force: true })
  const client = artifact.create()
  const uploaded = await client.uploadArtifact('artifact-1', makeFiles(made), made, { retentionDays: 5 })
  if (uploaded.failedItems.length > 0) throw new Error(`failed: ${uploaded.failedItems}`)
  await client.downloadArtifact('artifact-1', found)
  compare(made, found)
  core.info('round trip of artifact-1 is good')
}

roundTrip().catch((error) => core.setFailed(error.stack))
