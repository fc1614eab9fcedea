package localtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// authority signs certificates for a day.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// makeCertificates makes an authority, the broker's certificate and a client's.
func (k *Secured) makeCertificates() {
	ca := &authority{}
	var text []byte
	text, ca.key = k.certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, ca)
	k.CA = k.write("ca.pem", string(text))

	chain, key := k.certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "broker"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, ca)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key) // Java reads no other form
	if err != nil {
		k.t.Fatal(err)
	}
	k.write("broker.pem", encodePEM("PRIVATE KEY", pkcs8)+string(chain))

	chain, key = k.certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "client"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca)
	sec1, err := x509.MarshalECPrivateKey(key) // the form that openssl writes
	if err != nil {
		k.t.Fatal(err)
	}
	k.Cert, k.Key = k.write("client.pem", string(chain)), k.write("client.key", encodePEM("EC PRIVATE KEY", sec1))
}

// certificate makes a key and a certificate for it, in PEM, signed by ca, or by itself while ca has none.
func (k *Secured) certificate(about *x509.Certificate, ca *authority) ([]byte, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		k.t.Fatal(err)
	}
	about.NotBefore, about.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	if about.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		k.t.Fatal(err)
	}
	parent, signer := ca.cert, ca.key
	if parent == nil {
		parent, signer = about, key
	}
	der, err := x509.CreateCertificate(rand.Reader, about, parent, &key.PublicKey, signer)
	if err != nil {
		k.t.Fatal(err)
	}
	if ca.cert == nil {
		if ca.cert, err = x509.ParseCertificate(der); err != nil {
			k.t.Fatal(err)
		}
	}
	return []byte(encodePEM("CERTIFICATE", der)), key
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
