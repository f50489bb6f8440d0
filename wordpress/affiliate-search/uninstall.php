<?php
/**
 * Removes all data of the plugin from the database, in each blog of a network.
 *
 * @package AffiliateSearch
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/** Removes the plugin's data from the current blog. */
function affiliate_search_uninstall() {
	global $wpdb;
	$settings = (array) get_option( 'affiliate_search', array() );
	$of_site  = empty( $settings['site'] ) ? '' : '%' . $wpdb->esc_like( $settings['site'] . '/' ) . '%';
	foreach ( affiliate_search_find_transients( $of_site ) as $name ) {
		delete_transient( $name );
	}
	if ( $of_site ) {
		affiliate_search_delete_cached_metadata( $of_site );
		affiliate_search_delete_cached_posts( $of_site );
	}
	delete_option( 'affiliate_search' );
}

/**
 * Finds the transients with answers of the site: those of the plugin, and of WordPress' editor.
 *
 * @param string $of_site A LIKE pattern for content from the site; empty for none.
 * @return string[] Names.
 */
function affiliate_search_find_transients( $of_site ) {
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
 * Deletes the metadata in which WordPress caches embeds of a post, so that posts show the plain links.
 *
 * @param string $of_site A LIKE pattern for content from the site.
 */
function affiliate_search_delete_cached_metadata( $of_site ) {
	global $wpdb;
	$kept = $wpdb->get_results( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- There is no function that finds a value.
		$wpdb->prepare(
			"SELECT post_id, meta_key FROM $wpdb->postmeta WHERE meta_key LIKE %s AND meta_value LIKE %s",
			$wpdb->esc_like( '_oembed_' ) . '%',
			$of_site
		)
	);
	foreach ( $kept as $entry ) {
		delete_post_meta( $entry->post_id, $entry->meta_key );
		delete_post_meta( $entry->post_id, str_replace( '_oembed_', '_oembed_time_', $entry->meta_key ) );
	}
}

/**
 * Deletes the posts of type "oembed_cache", in which WordPress caches embeds outside of posts.
 *
 * @param string $of_site A LIKE pattern for content from the site.
 */
function affiliate_search_delete_cached_posts( $of_site ) {
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
