<?php
/**
 * Plugin Name: BigScoots Cache, as the lab has it
 * Description: Answers bigscoots-cache/v2 as BigScoots Cache 2.8.1 was observed to answer, and records each call that it carried out.
 *
 * Written for Drover's tests from the vendor's help page and from observed answers. It caches nothing: it keeps a purge time.
 */

namespace Drover\Lab;

const SPACE     = 'bigscoots-cache/v2';
const SUBMITTED = 'Your request to clear cache has been submitted! Please allow up to 30 seconds for this to take effect.';
const ROUTES    = array(
	'clear-cache'   => 'PATCH',
	'clear-opcache' => 'DELETE',
	'enable-cache'  => 'PATCH',
	'disable-cache' => 'PATCH',
	'clear-logs'    => 'DELETE',
	'status'        => 'GET',
	'test-cache'    => 'GET',
);

// Every route is registered for every verb and declares no arguments, as the real one does.
\add_action(
	'rest_api_init',
	function () {
		foreach ( ROUTES as $route => $verb ) {
			\register_rest_route(
				SPACE,
				'/' . $route,
				array(
					'methods'             => 'GET, POST, PUT, PATCH, DELETE',
					'callback'            => fn( $request ) => answer( $request, $route, $verb ),
					'permission_callback' => fn() => 'status' === $route || may_purge(),
				)
			);
		}
	}
);

// OPTIONS tells which verb this user may send, without a body.
\add_filter(
	'rest_post_dispatch',
	function ( $response, $server, $request ) {
		$route = substr( $request->get_route(), strlen( '/' . SPACE . '/' ) );
		if ( 'OPTIONS' === $request->get_method() && isset( ROUTES[ $route ] ) ) {
			$response = new \WP_REST_Response( null, 204 );
			if ( may_purge() || 'status' === $route ) {
				$response->header( 'Allow', ROUTES[ $route ] );
			}
		}
		return $response;
	},
	20,
	3
);

function may_purge(): bool {
	$roles = (array) \get_option( 'bigscoots_cache_roles', array() );
	return \current_user_can( 'manage_options' ) || (bool) array_intersect( $roles, \wp_get_current_user()->roles );
}

function success( string $message, array $more = array() ): array {
	return array( 'success' => true, 'status' => 'success', 'message' => $message ) + $more;
}

function error( string $code, string $message, int $status ): \WP_Error {
	return new \WP_Error( $code, $message, array( 'status' => $status ) );
}

function record( \WP_REST_Request $request ): void {
	$line = array(
		'site'   => \home_url(),
		'route'  => $request->get_route(),
		'method' => $request->get_method(),
		'params' => $request->get_json_params(),
		'user'   => \wp_get_current_user()->user_login,
		'at'     => gmdate( 'c' ),
	);
	file_put_contents( DROVER_LAB_CALLS, \wp_json_encode( $line ) . "\n", FILE_APPEND | LOCK_EX );
}

function answer( \WP_REST_Request $request, string $route, string $verb ) {
	if ( $request->get_method() !== $verb ) {
		return new \WP_REST_Response( array( 'success' => false, 'status' => 'error', 'message' => "This endpoint only supports the $verb method." ), 405 );
	}
	switch ( $route ) {
		case 'clear-cache':
			return clear_cache( $request );
		case 'clear-opcache':
			record( $request );
			return success( 'OPcache for your website has been cleared successfully!' );
		case 'enable-cache':
			record( $request );
			\update_option( 'bigscoots_cache_off', 0 );
			return success( 'BigScoots Cache has been enabled successfully on your website.' );
		case 'disable-cache':
			record( $request );
			\update_option( 'bigscoots_cache_off', 1 );
			return success( 'BigScoots Cache has been disabled successfully on your website.' );
		case 'clear-logs':
			record( $request );
			return success( 'BigScoots Cache plugin log has been cleared successfully.' );
		case 'test-cache':
			return success( 'Page caching is working properly.' );
	}
	return status();
}

function status(): array {
	$pair = fn( $label, $value ) => array( 'label' => $label, 'value' => $value );
	return success(
		'',
		array(
			'data' => array(
				'website_environment_type' => $pair( 'Website Environment Type', 'Production' ),
				'plugin_cache_status'      => $pair( 'Cache Status', \get_option( 'bigscoots_cache_off' ) ? 'Disabled' : 'Enabled' ),
				'plugin_version'           => $pair( 'Plugin Version', '2.8.1' ),
				'plugin_setup_mode'        => $pair( 'Setup Mode', 'Standard' ),
				'website_using_cloudflare' => $pair( 'Using Cloudflare', 'No' ),
			),
		)
	);
}

function purged( \WP_REST_Request $request, array $more = array() ): array {
	record( $request );
	\update_option( 'bigscoots_cache_fresh', 1 );
	return success( SUBMITTED, $more );
}

function clear_cache( \WP_REST_Request $request ) {
	$params = $request->get_json_params();
	if ( empty( $params ) ) {
		return error( 'no_data_provided', 'No data provided.', 403 );
	}
	switch ( $params['purge_type'] ?? '' ) {
		case 'all':
			if ( \get_option( 'bigscoots_cache_off' ) ) {
				return error( 'cache_disabled', 'The cache is disabled.', 403 );
			}
			return purged( $request );
		case 'post_ids':
			return clear_posts( $request, $params['post_ids'] ?? array() );
		case 'urls':
			if ( empty( $params['urls'] ) || ! is_array( $params['urls'] ) ) {
				return error( 'invalid_urls', 'No valid URLs provided.', 403 );
			}
			$host = \wp_parse_url( \home_url(), PHP_URL_HOST );
			$own  = array_filter( $params['urls'], fn( $url ) => \wp_parse_url( $url, PHP_URL_HOST ) === $host );
			return $own ? purged( $request ) : success( SUBMITTED );
	}
	return error( 'improper_purge_type', 'The purge type is not one of all, post_ids, urls.', 403 );
}

function clear_posts( \WP_REST_Request $request, $ids ) {
	$missing = array();
	$hidden  = array();
	foreach ( (array) $ids as $id ) {
		$post = is_int( $id ) ? \get_post( $id ) : null;
		if ( ! $post ) {
			$missing[] = $id;
		} elseif ( ! in_array( $post->post_status, array( 'publish', 'private' ), true ) ) {
			$hidden[] = $id;
		}
	}
	if ( count( $missing ) + count( $hidden ) >= count( (array) $ids ) ) {
		return error( 'no_post_id_eligible_for_cache_purge', 'None of the provided post IDs is eligible for cache purge.', 500 );
	}
	if ( ! $missing && ! $hidden ) {
		return purged( $request );
	}
	return purged(
		$request,
		array(
			'post_ids_with_error' => array(
				'post_doesnt_exists'                   => $missing,
				'post_part_of_ignored_post_type'       => array(),
				'post_status_is_not_publish_or_private' => $hidden,
				'no_permalink_found'                   => array(),
			),
		)
	);
}

// A page after a purge is a miss, the next ones are hits.
\add_action(
	'send_headers',
	function () {
		if ( \get_option( 'bigscoots_cache_off' ) ) {
			header( 'x-bigscoots-cache-status: BYPASS' );
			return;
		}
		header( 'x-bigscoots-cache-status: ' . ( \get_option( 'bigscoots_cache_fresh' ) ? 'MISS' : 'HIT' ) );
		\update_option( 'bigscoots_cache_fresh', 0 );
	}
);
