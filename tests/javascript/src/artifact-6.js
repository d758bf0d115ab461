// The artifact client of version 6.
import { DefaultArtifactClient } from 'artifact-6'
import * as core from '@actions/core'
import { artifactRoundTrip } from './kept/artifact.js'

artifactRoundTrip('6', new DefaultArtifactClient()).catch((error) => core.setFailed(error.stack))
