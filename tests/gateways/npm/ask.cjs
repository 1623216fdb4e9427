// Makes the official Node SDK ask a stand-in the same things our adapter asks.
// node ask.cjs http://127.0.0.1:PORT '{"call": "send", "said": {...}}'  ->  one line of JSON
const [, , url, order] = process.argv
const { call, said } = JSON.parse(order)

const common = require('africastalking/lib/common')
const sdk = require('africastalking')({ username: 'kita', apiKey: 's3cret & more' })
// The SDK has no other door: its addresses are constants that it reads at each call.
common.SMS_URL = `${url}/version1/messaging`
common.USER_URL = `${url}/version1/user`

const calls = {
  send: () => sdk.SMS.send(said),
  fetch: () => sdk.SMS.fetchMessages(said)
}

calls[call]().then(
  (answer) => console.log(JSON.stringify({ answer })),
  (error) => console.log(JSON.stringify({ refused: error.message || error }))
)
