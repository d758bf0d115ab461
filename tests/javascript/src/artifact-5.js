// The artifact client of version 5.
import { DefaultArtifactClient } from 'artifact-5'
import * as core from '@actions/core'
import { artifactRoundTrip } from './kept/artifact.js'

artifactRoundTrip('5', new DefaultArtifactClient()).catch((error) => core.setFailed(error.stack))
