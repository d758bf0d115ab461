// The artifact client of version 2.
import { DefaultArtifactClient } from 'artifact-2'
import * as core from '@actions/core'
import { artifactRoundTrip } from './kept/artifact.js'

artifactRoundTrip('2', new DefaultArtifactClient()).catch((error) => core.setFailed(error.stack))
