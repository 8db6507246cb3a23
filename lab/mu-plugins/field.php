<?php
/**
 * Plugin Name: What the field does
 * Description: Makes some of the lab's sites answer as sites do that security plugins, themes and broken databases have been at.
 */

namespace Drover\Lab\Field;

$host = explode( ':', $_SERVER['HTTP_HOST'] ?? '' )[0];

// Security plugins close the list of users to everybody, signed in or not.
if ( 'site13.network.test' === $host ) {
	\add_filter(
		'rest_pre_dispatch',
		function ( $result, $server, $request ) {
			if ( ! str_starts_with( $request->get_route(), '/wp/v2/users' ) ) {
				return $result;
			}
			return new \WP_Error( 'rest_user_cannot_view', 'Sorry, you are not allowed to list users.', array( 'status' => 401 ) );
		},
		10,
		3
	);
}

// Private sites let nobody use the REST API who is not signed in.
if ( 'site14.network.test' === $host ) {
	\add_filter(
		'rest_authentication_errors',
		function ( $result ) {
			if ( ! empty( $result ) || \is_user_logged_in() ) {
				return $result;
			}
			return new \WP_Error( 'rest_cannot_access', 'Only signed-in users may use the REST API.', array( 'status' => 403 ) );
		},
		99
	);
}

// Plugins and themes print scripts whatever is asked for.
if ( 'site15.network.test' === $host ) {
	\add_action(
		'rest_api_init',
		function () {
			echo '<script>var lab = { "site": 15 };</script>';
		}
	);
}

// A table is gone, and WordPress prints the database's error.
if ( 'broken.test' === $host ) {
	\add_action(
		'rest_api_init',
		function () {
			global $wpdb;
			$wpdb->show_errors();
			$wpdb->get_results( 'SELECT * FROM lab_table_that_is_gone' );
		}
	);
}
