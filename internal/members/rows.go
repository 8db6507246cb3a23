package members

import "github.com/droverhq/drover/internal/access"

type factorRow struct {
	ID          int64 `gorm:"primaryKey"`
	MemberID    int64
	Kind        FactorKind
	Name        string
	Sealed      []byte // of an authenticator app
	KeyID       int64
	Credential  string // a passkey's name, in base 64
	Passkey     string // a passkey's public part, as JSON
	LastStep    int64  // of the last code that was taken
	CreatedAt   int64  `gorm:"autoCreateTime:false"`
	ConfirmedAt int64
	UsedAt      int64
}

func (factorRow) TableName() string { return "factors" }

func (r factorRow) factor() Factor {
	return Factor{ID: r.ID, Kind: r.Kind, Name: r.Name, CreatedAt: moment(r.CreatedAt), UsedAt: moment(r.UsedAt)}
}

type recoveryRow struct {
	ID        int64 `gorm:"primaryKey"`
	MemberID  int64
	CodeHash  string
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	UsedAt    int64
}

func (recoveryRow) TableName() string { return "recovery_codes" }

type deviceRow struct {
	ID        int64 `gorm:"primaryKey"`
	MemberID  int64
	TokenHash string
	CreatedAt int64 `gorm:"autoCreateTime:false"`
}

func (deviceRow) TableName() string { return "devices" }

type tokenRow struct {
	ID          int64 `gorm:"primaryKey"`
	MemberID    int64
	Name        string
	Hash        string
	Role        access.Role
	Restriction string `gorm:"column:bound"`
	CreatedAt   int64  `gorm:"autoCreateTime:false"`
	ExpiresAt   int64
	RevokedAt   int64
	UsedAt      int64
	UsedFrom    string

	RecordedAt int64
	RevokedWhy string
	NotifiedAt int64 `gorm:"column:told_at"`
}

func (tokenRow) TableName() string { return "tokens" }

func (r tokenRow) token() Token {
	return Token{
		ID: r.ID, Member: r.MemberID, Name: r.Name, Role: r.Role, Restriction: restrictionOf(r.Restriction), CreatedAt: moment(r.CreatedAt),
		ExpiresAt: moment(r.ExpiresAt),
		UsedAt:    moment(r.UsedAt), UsedFrom: r.UsedFrom, RevokedAt: moment(r.RevokedAt), RevokedWhy: r.RevokedWhy,
	}
}

type identityRow struct {
	ID        int64 `gorm:"primaryKey"`
	Issuer    string
	Subject   string
	MemberID  int64
	CreatedAt int64 `gorm:"autoCreateTime:false"`
}

func (identityRow) TableName() string { return "identities" }

type flowRow struct {
	ID        int64 `gorm:"primaryKey"`
	TokenHash string
	StateHash string
	Nonce     string
	Verifier  string
	Next      string
	SessionID int64
	CreatedAt int64 `gorm:"autoCreateTime:false"`
}

func (flowRow) TableName() string { return "provider_flows" }
