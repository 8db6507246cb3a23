<?php
/**
 * Answers as the Abilities API of WordPress 6.9 does, for the lab's older WordPress. One site is left as it is.
 *
 * @package drover-lab
 */

namespace Drover\Lab\Abilities;

const OLD_SITE = 'site03.network.test';

function abilities(): array {
	return array(
		array(
			'name'         => 'lab/site-title',
			'label'        => 'Read the title',
			'description'  => 'Returns the title and the tagline of the site.',
			'category'     => 'site',
			'input_schema' => array(),
			'meta'         => array( 'annotations' => array( 'readonly' => true, 'destructive' => false, 'idempotent' => true ) ),
		),
		array(
			'name'         => 'lab/set-tagline',
			'label'        => 'Set the tagline',
			'description'  => 'Changes the tagline of the site.',
			'category'     => 'site',
			'input_schema' => array(
				'type'       => 'object',
				'required'   => array( 'tagline' ),
				'properties' => array( 'tagline' => array( 'type' => 'string', 'maxLength' => 60 ) ),
			),
			'meta'         => array( 'annotations' => array( 'readonly' => false, 'destructive' => false, 'idempotent' => true ) ),
		),
	);
}

function site(): array {
	return array( 'title' => \get_option( 'blogname' ), 'tagline' => \get_option( 'blogdescription' ) );
}

\add_action(
	'rest_api_init',
	function () {
		if ( OLD_SITE === \wp_parse_url( \home_url(), PHP_URL_HOST ) ) {
			return;
		}
		$may   = function () {
			return \current_user_can( 'manage_options' );
		};
		$route = function ( string $path, string $method, callable $does ) use ( $may ) {
			\register_rest_route( 'wp-abilities/v1', $path, array( 'methods' => $method, 'callback' => $does, 'permission_callback' => $may ) );
		};
		$route( '/abilities', 'GET', __NAMESPACE__ . '\\abilities' );
		$route( '/abilities/lab/site-title/run', 'GET', __NAMESPACE__ . '\\site' );
		$route(
			'/abilities/lab/set-tagline/run',
			'POST',
			function ( \WP_REST_Request $request ) {
				$input = $request->get_json_params()['input'] ?? array();
				if ( ! isset( $input['tagline'] ) ) {
					return new \WP_Error( 'ability_invalid_input', 'The tagline is missing.', array( 'status' => 400 ) );
				}
				\update_option( 'blogdescription', \sanitize_text_field( $input['tagline'] ) );
				return site();
			}
		);
	}
);
