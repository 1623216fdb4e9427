// ussd-router on express, as its page shows it: the text made plain, then a chain of ifs.
const { ussdRouter } = require('ussd-router');
const { profile, home, products, priceAt, logged, serve } = require('./common.js');

function screen(who, text) {
  if (text === '') return home(who);
  const [first, product, market] = text.split('*');
  if (first !== '1') return home(who);
  return product === undefined ? products(who) : priceAt(who, product, market);
}

serve((app) => {
  app.post('/ussd', (req, res) => {
    const who = profile(req.body.phoneNumber);
    const answer = `CON ${screen(who, ussdRouter(req.body.text))}`;
    res.type('text/plain').send(logged(req.body, answer));
  });
});
