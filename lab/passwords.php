<?php
// php passwords.php HOST USER [--reset NAME...], with DROVER_LAB naming the lab's folder.
[ , $host, $login ] = $argv;
$names              = array_slice( $argv, 4 );

$_SERVER['HTTP_HOST']       = $host;
$_SERVER['SERVER_NAME']     = $host;
$_SERVER['HTTPS']           = 'on';
$_SERVER['REQUEST_URI']     = '/wp-json/';
$_SERVER['REQUEST_METHOD']  = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REMOTE_ADDR']     = '127.0.0.1';
ob_start(); // some of the lab's sites write before they answer
require getenv( 'DROVER_LAB' ) . '/www/wp-load.php';
ob_end_clean();

$user   = get_user_by( 'login', $login )->ID;
$values = array();
if ( $names ) {
	WP_Application_Passwords::delete_all_application_passwords( $user );
	foreach ( $names as $name ) {
		[ $password, $item ]     = WP_Application_Passwords::create_new_application_password( $user, array( 'name' => $name ) );
		$values[ $item['uuid'] ] = WP_Application_Passwords::chunk_password( $password );
	}
}
$all = array();
foreach ( WP_Application_Passwords::get_user_application_passwords( $user ) as $each ) {
	$password = $values[ $each['uuid'] ] ?? '';
	$item     = array( 'uuid' => $each['uuid'], 'app_id' => $each['app_id'], 'name' => $each['name'] );
	$all[]    = $password ? $item + array( 'password' => $password ) : $item;
}
echo json_encode( $all );
