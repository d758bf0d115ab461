// The cache client of version 3.
import * as cache from 'cache-3'
import * as core from '@actions/core'
import { cacheRoundTrip } from './kept/cache.js'

cacheRoundTrip('3', cache).catch((error) => core.setFailed(error.stack))
