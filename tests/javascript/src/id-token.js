// Asks for an identity token and shows its claims, which are no secret.
import * as core from '@actions/core'

async function show() {
  const token = await core.getIDToken('sts.example')
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
  core.info(`claims ${claims.sub} for ${claims.aud} until ${claims.exp - claims.iat}`)
}

show().catch((error) => core.setFailed(error.stack))
