package runs

import (
	"context"
	"net/netip"
	"time"

	"github.com/droverhq/drover/internal/database"
)

// LeaseHosts leases those of the addresses to the owner that nobody else has leased, and returns them.
func (s *Store) LeaseHosts(ctx context.Context, owner string, wanted []netip.Addr, until time.Time) ([]netip.Addr, error) {
	db := s.db.Gorm.WithContext(ctx)
	query, list := database.Listed(db, textsOf(wanted))
	var got []string
	err := db.Raw("INSERT INTO host_leases (address, owner, until) SELECT value, ?, CAST(? AS BIGINT) FROM ("+query+`) AS wanted WHERE TRUE
		ON CONFLICT (address) DO UPDATE SET owner = excluded.owner, until = excluded.until
		WHERE host_leases.owner = excluded.owner OR host_leases.until < ? RETURNING address`,
		owner, micros(until), list, time.Now().UnixMicro()).Scan(&got).Error
	return addressesOf(got), err
}

func textsOf(addresses []netip.Addr) []string {
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = address.String()
	}
	return texts
}

func addressesOf(texts []string) []netip.Addr {
	addresses := make([]netip.Addr, 0, len(texts))
	for _, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// RenewHosts prolongs the owner's host leases, and returns those that are still the owner's.
func (s *Store) RenewHosts(ctx context.Context, owner string, until time.Time) ([]netip.Addr, error) {
	var still []string
	err := s.db.Gorm.WithContext(ctx).Raw("UPDATE host_leases SET until = ? WHERE owner = ? RETURNING address", micros(until), owner).Scan(&still).Error
	return addressesOf(still), err
}

// ReleaseHosts gives up some of the owner's addresses.
func (s *Store) ReleaseHosts(ctx context.Context, owner string, idle []netip.Addr) error {
	db := s.db.Gorm.WithContext(ctx)
	query, list := database.Listed(db, textsOf(idle))
	return db.Exec("DELETE FROM host_leases WHERE owner = ? AND address IN ("+query+")", owner, list).Error
}

// ReleaseAllHosts gives up all of the owner's addresses.
func (s *Store) ReleaseAllHosts(ctx context.Context, owner string) error {
	return s.db.Gorm.WithContext(ctx).Exec("DELETE FROM host_leases WHERE owner = ?", owner).Error
}
