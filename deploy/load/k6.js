// Open loop against a gateway: RATE payments a second for SECONDS. The thresholds are the
// service level objectives (thresholds.json, written by `fraud schemas`).
//   k6 run -e GATEWAY=http://127.0.0.1:8000 -e API_KEY=... deploy/load/k6.js
import http from 'k6/http';
import { check } from 'k6';
import { Rate } from 'k6/metrics';

const limits = JSON.parse(open('./thresholds.json'));
const gateway = __ENV.GATEWAY || 'http://127.0.0.1:8000';
const rate = Number(__ENV.RATE || 50);
const degraded = new Rate('degraded');

export const options = {
  scenarios: {
    payments: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${__ENV.SECONDS || 60}s`,
      preAllocatedVUs: Math.max(10, rate),
      maxVUs: rate * 10,
    },
  },
  thresholds: {
    http_req_failed: [`rate<=${limits.failed_share}`],
    http_req_duration: [`p(99)<=${limits.p99_ms}`],
    degraded: [`rate<=${limits.degraded_share}`],
    dropped_iterations: ['count==0'],
  },
};

// Card numbers of a range that no issuer has, with a check digit that is right.
function pan(account) {
  const digits = `400000${String(account).padStart(9, '0')}`;
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

function payment() {
  const account = Math.floor(Math.random() * 5000);
  return {
    transaction_id: `load-${__VU}-${__ITER}-${Date.now()}`,
    account_id: `load-account-${account}`,
    amount_minor: 500 + Math.floor(Math.random() * 20000),
    currency: 'EUR',
    occurred_at: new Date().toISOString(),
    kind: 'card_payment',
    channel: 'ecommerce',
    card: { pan: pan(account), entry_mode: 'ecommerce' },
    merchant: { merchant_id: `load-shop-${account % 200}`, mcc: '5732', country: 'DE' },
    device: { device_id: `load-device-${account}`, ip: `198.51.100.${account % 250}` },
    location: { lat: 52.52, lon: 13.4, country: 'DE', city: 'Berlin' },
    session: { failed_logins_1h: 0, seconds_since_login: 95 },
    customer: { name: 'Alix Moreau', country: 'DE' },
  };
}

export default function () {
  const reply = http.post(`${gateway}/v1/score`, JSON.stringify(payment()), {
    headers: { 'Content-Type': 'application/json', 'X-API-Key': __ENV.API_KEY },
    timeout: '5s',
  });
  check(reply, { decided: (r) => r.status === 200 });
  degraded.add(reply.status === 200 && reply.json('degraded').length > 0);
}
