// The artifact client of version 4.
import { DefaultArtifactClient } from 'artifact-4'
import * as core from '@actions/core'
import { artifactRoundTrip } from './kept/artifact.js'

artifactRoundTrip('4', new DefaultArtifactClient()).catch((error) => core.setFailed(error.stack))
