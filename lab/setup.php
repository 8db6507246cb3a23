<?php
// Sets WordPress up from the command line: php setup.php HOST single|network|sites, with DROVER_LAB naming the lab's folder.
[ , $host, $step ] = $argv;
$lab = getenv( 'DROVER_LAB' );

$_SERVER['HTTP_HOST']       = $host;
$_SERVER['SERVER_NAME']     = $host;
$_SERVER['HTTPS']           = 'on';
$_SERVER['REQUEST_URI']     = '/';
$_SERVER['REQUEST_METHOD']  = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REMOTE_ADDR']     = '127.0.0.1';
if ( 'sites' !== $step ) {
	define( 'WP_INSTALLING', true );
	define( 'DROVER_LAB_INSTALL', true );
}
// No mail leaves the lab.
function wp_mail() {
	return true;
}
require $lab . '/www/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/user.php';

function application_password( int $user ): string {
	$made = WP_Application_Passwords::create_new_application_password( $user, array( 'name' => 'Drover' ) );
	if ( is_wp_error( $made ) ) {
		fwrite( STDERR, $made->get_error_message() . "\n" );
		exit( 1 );
	}
	return WP_Application_Passwords::chunk_password( $made[0] );
}

// A line of a CSV file, with its heading when the file is new.
function line( string $file, array $values, array $columns = array() ): void {
	global $lab;
	$new = ! file_exists( "$lab/$file" );
	$out = fopen( "$lab/$file", 'a' );
	if ( $new ) {
		fputcsv( $out, array_slice( $columns ?: array( 'url', 'username', 'application_password', 'client', 'tags', 'expect' ), 0, count( $values ) ) );
	}
	fputcsv( $out, $values );
	fclose( $out );
}

function user( string $login, string $role, string $password = '' ): int {
	$password = $password ?: wp_generate_password( 24 );
	$id       = wp_insert_user( array( 'user_login' => $login, 'user_pass' => $password, 'user_email' => "$login@lab.test", 'role' => $role ) );
	if ( is_wp_error( $id ) ) {
		fwrite( STDERR, $id->get_error_message() . "\n" );
		exit( 1 );
	}
	return $id;
}

// Who signs in to WordPress in a browser, with one password on every site.
const APPROVER          = 'approver';
const APPROVER_PASSWORD = 'open sesame, lab';

// Whose application passwords are rotated: they have none to begin with, see lab/passwords.
const ROTATOR = 'rotator';

function can_be_approved( string $home, string $typed ): void {
	line( 'approve.csv', array( $home, $typed, APPROVER, APPROVER_PASSWORD ), array( 'url', 'typed', 'login', 'password' ) );
}

if ( 'sites' !== $step ) {
	wp_install( 'Lab ' . $host, 'admin', 'admin@lab.test', true, '', wp_generate_password( 24 ) );
	update_option( 'siteurl', "https://$host" . ( 'folder.test' === $host ? '/wp' : '' ) );
	update_option( 'home', "https://$host" );
}
if ( 'single' === $step ) {
	update_option( 'permalink_structure', 'plain.test' === $host ? '' : '/%postname%/' );
	update_option( 'bigscoots_cache_roles', array( 'editor' ) );
	$password = application_password( user( 'drover', 'editor' ) );
	user( APPROVER, 'editor', APPROVER_PASSWORD );
	if ( 'broken.test' !== $host ) { // WordPress's own page for approvals fails there, on the error that comes before its JSON
		can_be_approved( "https://$host", 'folder.test' === $host ? "$host/wp/wp-admin/" : "http://$host/wp-login.php?redirect_to=x" );
	}
	user( ROTATOR, 'editor' );
	match ( $host ) {
		'plain.test'  => line( 'faulty.csv', array( "https://$host", 'drover', $password, 'Lab', 'single', 'ok' ) ),
		'bare.test'   => line( 'faulty.csv', array( "https://$host", 'drover', $password, 'Lab', 'single', 'skipped/no_route' ) ),
		'folder.test' => line( 'field.csv', array( "https://$host/wp/wp-admin/", 'drover', $password, 'Lab', 'field', 'failed/other_site' ) ),
		'broken.test' => line( 'field.csv', array( "https://$host", 'drover', $password, 'Lab', 'field', 'ok' ) ),
	};
}
if ( 'network' === $step ) {
	update_option( 'permalink_structure', '/%postname%/' );
	foreach ( $wpdb->tables( 'ms_global' ) as $table => $name ) {
		$wpdb->$table = $name;
	}
	install_network();
	$made = populate_network( 1, $host, 'admin@lab.test', 'Lab network', '/', true );
	if ( is_wp_error( $made ) && 'no_wildcard_dns' !== $made->get_error_code() ) {
		fwrite( STDERR, $made->get_error_message() . "\n" );
		exit( 1 );
	}
}
if ( 'sites' === $step ) {
	$drover     = user( 'drover', '' );
	$subscriber = user( 'reader', '' );
	$approver   = user( APPROVER, '', APPROVER_PASSWORD );
	$rotator    = user( ROTATOR, '' );
	$password   = application_password( $drover );
	$theirs     = application_password( $subscriber );
	$admins     = application_password( 1 );
	for ( $n = 1; $n <= 16; $n++ ) {
		$each = sprintf( 'site%02d.network.test', $n );
		$blog = 1 === $n ? 1 : wpmu_create_blog( $each, '/', "Lab site $n — “Ümläut” & <b>bold</b>", 1 );
		if ( is_wp_error( $blog ) ) {
			fwrite( STDERR, $blog->get_error_message() . "\n" );
			exit( 1 );
		}
		switch_to_blog( $blog );
		update_option( 'siteurl', "https://$each" );
		update_option( 'home', "https://$each" );
		update_option( 'permalink_structure', '/%postname%/' );
		update_option( 'bigscoots_cache_roles', array( 'editor' ) );
		delete_option( 'rewrite_rules' );
		restore_current_blog();
		foreach ( array( $drover, $approver, $rotator ) as $each_user ) {
			add_user_to_blog( $blog, $each_user, 'editor' );
		}
		if ( $n <= 10 ) {
			can_be_approved( "https://$each", "$each/wp-admin/edit.php" );
			line( 'sites.csv', array( "https://$each", 'drover', $password, 'Client ' . ( $n % 3 + 1 ), $n % 2 ? 'odd|lab' : 'lab' ) );
		}
	}
	foreach ( array( 13, 14, 15 ) as $n ) {
		line( 'field.csv', array( "https://site$n.network.test", 'drover', $password, 'Lab', 'field', 'ok' ) );
	}
	$gone = get_site_by_path( 'site16.network.test', '/' );
	wp_delete_site( $gone->blog_id );
	line( 'field.csv', array( 'https://site16.network.test', 'drover', $password, 'Lab', 'field', 'failed/other_site' ) );
	add_user_to_blog( 11, $subscriber, 'subscriber' );
	line( 'faulty.csv', array( 'https://site11.network.test', 'reader', $theirs, 'Lab', 'network', 'failed/forbidden' ) );
	line( 'faulty.csv', array( 'https://site12.network.test', 'drover', 'abcd EFGH 1234 ijkl MNOP 5678', 'Lab', 'network', 'failed/not_authenticated' ) );
	file_put_contents( "$lab/admin.csv", "url,username,application_password,client,tags\nhttps://site12.network.test,admin,$admins,Lab,network\n" );
}
