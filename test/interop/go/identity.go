package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// identity is who we are and whom we trust: from a Workload API, or from PEM.
type identity struct {
	WorkloadAPI  string            `json:"workloadAPI"`
	Certificates string            `json:"certificates"`
	PrivateKey   string            `json:"privateKey"`
	Bundles      map[string]string `json:"bundles"`
}

func (i identity) sources() (x509svid.Source, x509bundle.Source, error) {
	if i.WorkloadAPI != "" {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		source, err := workloadapi.NewX509Source(ctx, workloadapi.WithClientOptions(workloadapi.WithAddr(i.WorkloadAPI)))
		return source, source, err
	}
	svid, err := x509svid.Parse([]byte(i.Certificates), []byte(i.PrivateKey))
	if err != nil {
		return nil, nil, err
	}
	bundles := x509bundle.NewSet()
	for name, pem := range i.Bundles {
		trustDomain, err := spiffeid.TrustDomainFromString(name)
		if err != nil {
			return nil, nil, err
		}
		bundle, err := x509bundle.Parse(trustDomain, []byte(pem))
		if err != nil {
			return nil, nil, err
		}
		bundles.Add(bundle)
	}
	return svid, bundles, nil
}

// authorize is whom we let in. Exactly one field is set.
type authorize struct {
	Any      bool   `json:"any"`
	ID       string `json:"id"`
	IDPrefix string `json:"idPrefix"`
	MemberOf string `json:"memberOf"`
}

func (a authorize) authorizer() (tlsconfig.Authorizer, error) {
	switch {
	case a.Any:
		return tlsconfig.AuthorizeAny(), nil
	case a.ID != "":
		id, err := spiffeid.FromString(a.ID)
		return tlsconfig.AuthorizeID(id), err
	case a.IDPrefix != "":
		id, err := spiffeid.FromString(a.IDPrefix)
		return tlsconfig.AuthorizeIDPrefix(id), err
	case a.MemberOf != "":
		trustDomain, err := spiffeid.TrustDomainFromString(a.MemberOf)
		return tlsconfig.AuthorizeMemberOf(trustDomain), err
	}
	return nil, errors.New("no authorizer given")
}

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// pin holds a configuration to one version of TLS.
func pin(config *tls.Config, version string) error {
	number, known := tlsVersions[version]
	if !known {
		return fmt.Errorf("TLS version %q is neither 1.2 nor 1.3", version)
	}
	config.MinVersion, config.MaxVersion = number, number
	return nil
}
