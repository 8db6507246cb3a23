package runs

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// LeaseHosts leases those of the addresses to the owner that nobody else has leased, and returns them.
func (s *Store) LeaseHosts(ctx context.Context, owner string, wanted []netip.Addr, until time.Time) ([]netip.Addr, error) {
	values := make([]string, len(wanted))
	args := make([]any, 0, 3*len(wanted)+1)
	for i, address := range wanted {
		values[i] = "(?, ?, ?)"
		args = append(args, address.String(), owner, micros(until))
	}
	var got []string
	err := s.db.Gorm.WithContext(ctx).Raw("INSERT INTO host_leases (address, owner, until) VALUES "+strings.Join(values, ", ")+
		" ON CONFLICT (address) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE host_leases.owner = excluded.owner OR host_leases.until < ? "+
		"RETURNING address",
		append(args, time.Now().UnixMicro())...).Scan(&got).Error
	return addressesOf(got), err
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
	for some := range slices.Chunk(idle, parametersPerQuery) {
		names := make([]string, len(some))
		for i, address := range some {
			names[i] = address.String()
		}
		if err := s.db.Gorm.WithContext(ctx).Exec("DELETE FROM host_leases WHERE owner = ? AND address IN ?", owner, names).Error; err != nil {
			return err
		}
	}
	return nil
}

// ReleaseAllHosts gives up all of the owner's addresses.
func (s *Store) ReleaseAllHosts(ctx context.Context, owner string) error {
	return s.db.Gorm.WithContext(ctx).Exec("DELETE FROM host_leases WHERE owner = ?", owner).Error
}
