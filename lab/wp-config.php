<?php
// The lab's configuration: one WordPress serves all its sites and tells them apart by the host name.
$lab  = getenv( 'DROVER_LAB' );
$host = explode( ':', $_SERVER['HTTP_HOST'] ?? 'plain.test' )[0];

define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'root' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:' . realpath( $lab . '/run' ) . '/mysql.sock' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
foreach ( array( 'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT' ) as $key ) {
	define( $key, hash( 'sha256', $key . ' of the lab' ) );
}
define( 'WP_CONTENT_DIR', $lab . '/www/wp-content' );
define( 'WPMU_PLUGIN_DIR', $lab . ( 'bare.test' === $host ? '/no-plugins' : '/mu-plugins' ) );
define( 'DROVER_LAB_CALLS', $lab . '/calls.log' );
define( 'WP_DEFAULT_THEME', 'lab' );
define( 'DISABLE_WP_CRON', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );

if ( str_ends_with( $host, '.network.test' ) ) {
	$table_prefix = 'net_';
	define( 'WP_ALLOW_MULTISITE', true );
	if ( ! defined( 'DROVER_LAB_INSTALL' ) ) {
		define( 'MULTISITE', true );
		define( 'SUBDOMAIN_INSTALL', true );
		define( 'DOMAIN_CURRENT_SITE', 'site01.network.test' );
		define( 'PATH_CURRENT_SITE', '/' );
		define( 'SITE_ID_CURRENT_SITE', 1 );
		define( 'BLOG_ID_CURRENT_SITE', 1 );
		define( 'COOKIE_DOMAIN', '.network.test' ); // one sign-in for all sites
	}
} else {
	$table_prefix = explode( '.', $host )[0] . '_';
}
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', $lab . '/www/' );
}
require_once ABSPATH . 'wp-settings.php';
