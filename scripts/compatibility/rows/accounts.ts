import type { Row } from '../row.ts';

const packages = (...names: string[]) => names.flatMap(name => ['--package', name]);

/** Clients of NSS, PAM and Kerberos. */
export const accounts: readonly Row[] = [
  {
    name: 'getent',
    install: ['libc-bin'],
    vendor: ['/usr/bin/getent'],
    work: '/usr/bin/getent passwd www-data && /usr/bin/getent group www-data && /usr/bin/getent hosts localhost && /usr/bin/getent --no-addrconfig ahosts localhost',
    prints: /www-data:x:33[^]*localhost[^]*STREAM/,
  },
  {
    name: 'curl',
    install: ['curl', 'openssl'],
    vendor: packages('curl'),
    make: 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2',
    beside: 'echo a page > page.txt; openssl s_server -accept 8443 -cert c.pem -key k.pem -WWW',
    work: 'for i in 1 2 3 4 5 6 7 8 9; do nc -z 127.0.0.1 8443 && break; sleep 1; done; /usr/bin/curl -sS --cacert c.pem https://localhost:8443/page.txt; /usr/bin/curl -sS --negotiate -u : -I file:///data/c.pem',
    prints: /a page[^]*Content-Length/,
  },
  {
    name: 'pamtester',
    install: ['pamtester'],
    vendor: packages('pamtester'),
    files: {
      '/etc/pam.d/work':
        'auth required pam_unix.so nullok\nauth optional pam_echo.so\naccount required pam_unix.so\nsession required pam_unix.so\n',
    },
    work: '/usr/bin/pamtester work root acct_mgmt open_session close_session',
    prints: /account management done[^]*opened a session/,
  },
  {
    name: 'sudo',
    install: ['sudo'],
    vendor: packages('sudo'),
    work: '/usr/bin/sudo -u www-data id && /usr/bin/sudo -l -U root',
    prints: /uid=33\(www-data\)[^]*ALL/,
  },
  {
    name: 'openssh-client',
    install: ['openssh-client', 'openssh-server'],
    vendor: packages('openssh-client'),
    make: `ssh-keygen -q -t ed25519 -N '' -f host
printf 'Port 2222\\nHostKey /data/host\\nAuthorizedKeysFile /data/key.pub\\nStrictModes no\\nPermitRootLogin yes\\nPidFile none\\nSubsystem sftp internal-sftp\\n' > sshd.conf`,
    beside:
      'while [ ! -e key.pub ]; do sleep 1; done; mkdir -p /run/sshd; /usr/sbin/sshd -f /data/sshd.conf -E /data/sshd.log',
    work: `/usr/bin/ssh-keygen -q -t rsa -N '' -f key; for i in 1 2 3 4 5 6 7 8 9; do nc -z 127.0.0.1 2222 && break; sleep 1; done
o="-F none -i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/data/known"
/usr/bin/ssh $o -p 2222 root@127.0.0.1 'echo logged in' && eval $(/usr/bin/ssh-agent -s) && /usr/bin/ssh-add key && echo 'ls /data/sshd.conf' | /usr/bin/sftp $o -P 2222 root@127.0.0.1`,
    prints: /logged in[^]*Identity added[^]*\/data\/sshd\.conf/,
  },
  {
    name: 'krb5-user',
    install: ['krb5-user', 'krb5-kdc', 'krb5-admin-server'],
    vendor: packages('krb5-user'),
    files: {
      '/etc/krb5.conf':
        '[libdefaults]\ndefault_realm = R.TEST\ndns_lookup_kdc = false\ndns_lookup_realm = false\n[realms]\nR.TEST = {\n kdc = 127.0.0.1\n}\n',
    },
    make: `printf '[libdefaults]\\ndefault_realm = R.TEST\\n[realms]\\nR.TEST = {\\n kdc = 127.0.0.1\\n}\\n' > krb5.conf
printf '[realms]\\nR.TEST = {\\n database_name = /data/db\\n key_stash_file = /data/stash\\n}\\n' > kdc.conf
export KRB5_CONFIG=/data/krb5.conf KRB5_KDC_PROFILE=/data/kdc.conf
kdb5_util create -s -P master && kadmin.local -q 'addprinc -pw secret user'`,
    beside: 'export KRB5_CONFIG=/data/krb5.conf KRB5_KDC_PROFILE=/data/kdc.conf; krb5kdc -n',
    work: 'sleep 2; echo secret | /usr/bin/kinit user && /usr/bin/klist && /usr/bin/kvno krbtgt/R.TEST',
    prints: /Default principal: user@R\.TEST/,
  },
];
