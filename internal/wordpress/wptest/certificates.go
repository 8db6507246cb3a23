package wptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// authority issues the certificates of the fake sites.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
	leafKey     *ecdsa.PrivateKey // shared by all sites: nothing here is a secret
	leaves      sync.Map          // name and fault → *tls.Certificate
}

// openAuthority returns the one kept in the folder, or a new one, kept there if there is a folder.
func openAuthority(dir string) (*authority, error) {
	if dir != "" {
		kept, err := readAuthority(dir)
		if !errors.Is(err, fs.ErrNotExist) {
			return kept, err
		}
	}
	a, err := newAuthority("Simulated sites")
	if err != nil || dir == "" {
		return a, err
	}
	key, err := x509.MarshalECPrivateKey(a.key)
	if err != nil {
		return nil, err
	}
	return a, errors.Join(
		os.MkdirAll(dir, 0o700),
		os.WriteFile(filepath.Join(dir, "ca-key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}), 0o600),
		os.WriteFile(filepath.Join(dir, "ca.pem"), a.pem, 0o600),
	)
}

func readAuthority(dir string) (*authority, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem"))
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, err
	}
	return completeAuthority(certificate, pair.PrivateKey.(*ecdsa.PrivateKey))
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(2, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return completeAuthority(certificate, key)
}

func completeAuthority(certificate *x509.Certificate, key *ecdsa.PrivateKey) (*authority, error) {
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return &authority{
		certificate: certificate, key: key, leafKey: leafKey,
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}),
	}, err
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// leaf returns the site's certificate, made at its first use.
func (a *authority) leaf(host string, fault Fault) (*tls.Certificate, error) {
	name := string(fault) + " " + host
	if made, found := a.leaves.Load(name); found {
		return made.(*tls.Certificate), nil
	}
	issuer, from, until := a, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	switch fault {
	case CertExpired:
		from, until = time.Now().AddDate(0, -3, 0), time.Now().Add(-48*time.Hour)
	case CertWrongHost:
		host = "parked.example"
	case CertUnknownCA:
		var err error
		if issuer, err = newAuthority("An authority that nobody knows"); err != nil {
			return nil, err
		}
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, &a.leafKey.PublicKey, issuer.key)
	if err != nil {
		return nil, err
	}
	made := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.leafKey}
	a.leaves.Store(name, made)
	return made, nil
}
