<?php
/**
 * Removes all that the plugin has left in the database, in each blog of a network.
 *
 * @package AffiliateSearch
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/** Removes it from the blog under way. */
function affiliate_search_uninstall() {
	global $wpdb;
	$settings = (array) get_option( 'affiliate_search', array() );
	$of_site  = empty( $settings['site'] ) ? '' : '%' . $wpdb->esc_like( $settings['site'] . '/' ) . '%';
	foreach ( affiliate_search_transients( $of_site ) as $name ) {
		delete_transient( $name );
	}
	if ( $of_site ) {
		affiliate_search_forget_pasted( $of_site );
		affiliate_search_forget_unplaced( $of_site );
	}
	delete_option( 'affiliate_search' );
}

/**
 * The transients that hold what the site answered: to the plugin, and to WordPress for the editor.
 *
 * @param string $of_site A LIKE pattern of what comes from the site; empty for none.
 * @return string[] Names.
 */
function affiliate_search_transients( $of_site ) {
	global $wpdb;
	$names = $wpdb->get_col( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- There is no function that lists transients.
		$wpdb->prepare(
			"SELECT option_name FROM $wpdb->options WHERE option_name LIKE %s OR ( option_name LIKE %s AND option_value LIKE %s )",
			$wpdb->esc_like( '_transient_affiliate_search_' ) . '%',
			$wpdb->esc_like( '_transient_oembed_' ) . '%',
			$of_site
		)
	);
	return str_replace( '_transient_', '', $names );
}

/**
 * Forgets what WordPress keeps of pasted links, so that the links themselves stand in their place.
 *
 * @param string $of_site A LIKE pattern of what comes from the site.
 */
function affiliate_search_forget_pasted( $of_site ) {
	global $wpdb;
	$kept = $wpdb->get_results( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- There is no function that finds a value.
		$wpdb->prepare(
			"SELECT post_id, meta_key FROM $wpdb->postmeta WHERE meta_key LIKE %s AND meta_value LIKE %s",
			$wpdb->esc_like( '_oembed_' ) . '%',
			$of_site
		)
	);
	foreach ( $kept as $one ) {
		delete_post_meta( $one->post_id, $one->meta_key );
		delete_post_meta( $one->post_id, str_replace( '_oembed_', '_oembed_time_', $one->meta_key ) );
	}
}

/**
 * Forgets what WordPress keeps of links that were pasted outside of posts: as posts of its own.
 *
 * @param string $of_site A LIKE pattern of what comes from the site.
 */
function affiliate_search_forget_unplaced( $of_site ) {
	global $wpdb;
	$kept = $wpdb->get_col( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- There is no function that finds them.
		$wpdb->prepare(
			"SELECT ID FROM $wpdb->posts WHERE post_type = 'oembed_cache' AND post_content LIKE %s",
			$of_site
		)
	);
	foreach ( $kept as $id ) {
		wp_delete_post( $id, true );
	}
}

if ( is_multisite() ) {
	foreach ( get_sites(
		array(
			'fields' => 'ids',
			'number' => 0,
		)
	) as $affiliate_search_blog ) {
		switch_to_blog( $affiliate_search_blog );
		affiliate_search_uninstall();
		restore_current_blog();
	}
} else {
	affiliate_search_uninstall();
}
