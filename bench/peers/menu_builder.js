// ussd-menu-builder on express, as its guide shows it: one menu, states, next links.
const UssdMenu = require('ussd-menu-builder');
const { profile, home, products, priceAt, logged, serve } = require('./common.js');

const menu = new UssdMenu();
const keys = () => menu.args.text.split('*');

menu.startState({
  run: () => menu.con(home(profile(menu.args.phoneNumber))),
  next: { 1: 'products' },
});
menu.state('products', {
  run: () => menu.con(products(profile(menu.args.phoneNumber))),
  next: { '*^\\d+$': 'price' },
});
menu.state('price', {
  run: () => menu.con(priceAt(profile(menu.args.phoneNumber), keys()[1])),
  next: { '*^\\d+$': 'elsewhere' },
});
menu.state('elsewhere', {
  run: () => menu.con(priceAt(profile(menu.args.phoneNumber), keys()[1], keys()[2])),
});

serve((app) => {
  app.post('/ussd', (req, res) => {
    menu.run(req.body, (answer) => res.type('text/plain').send(logged(req.body, answer)));
  });
});
