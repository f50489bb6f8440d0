<?php
/**
 * Plugin Name:       Affiliate Search
 * Plugin URI:        https://wordpress.org/plugins/affiliate-search/
 * Description:       Shows searches of your own Affiliate Search site in posts: as a block, a shortcode, or a pasted link.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * Author:            Affiliate Search
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       affiliate-search
 * Domain Path:       /languages
 *
 * Read in this order: settings.php (the owner's settings), render.php (the HTML that visitors get),
 * shortcode.php (the shortcode that writers type), site.php (requests to the site), languages.php (the
 * choice of a translation), and block/editor.js (the block in the editor).
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

require __DIR__ . '/includes/settings.php';
require __DIR__ . '/includes/words.php';
require __DIR__ . '/includes/render.php';
require __DIR__ . '/includes/shortcode.php';
require __DIR__ . '/includes/site.php';
require __DIR__ . '/includes/languages.php';

add_action( 'init', 'affiliate_search_init' );
add_action( 'admin_init', 'affiliate_search_register_settings' );
add_action( 'admin_menu', 'affiliate_search_add_menu' );
add_filter( 'plugin_action_links_' . plugin_basename( __FILE__ ), 'affiliate_search_add_settings_link' );
add_filter( 'script_loader_tag', 'affiliate_search_script_tag', 10, 3 );
add_filter( 'oembed_fetch_url', 'affiliate_search_add_blog_to_request', 10, 2 );
add_filter( 'oembed_dataparse', 'affiliate_search_render_pasted_picture', 20, 3 );
add_filter( 'http_allowed_safe_ports', 'affiliate_search_allow_port', 10, 2 );
add_filter( 'http_request_host_is_external', 'affiliate_search_allow_host', 10, 2 );
add_filter( 'load_textdomain_mofile', 'affiliate_search_find_nearest_translation', 10, 2 );
add_filter( 'load_script_translation_file', 'affiliate_search_find_nearest_translation', 10, 2 );
add_filter( 'pre_do_shortcode_tag', 'affiliate_search_read_shortcode', 10, 4 );

/** Registers the block, the shortcode, the script of the element, and the links that can be pasted. */
function affiliate_search_init() {
	load_plugin_textdomain( 'affiliate-search', false, dirname( plugin_basename( __FILE__ ) ) . '/languages' );
	affiliate_search_register_script();
	affiliate_search_register_provider();
	register_block_type( __DIR__ . '/block', array( 'render_callback' => 'affiliate_search_block' ) );
	affiliate_search_translate_editor();
	wp_add_inline_script( 'affiliate-search-pictures-editor-script', 'var affiliateSearchAttributes = ' . wp_json_encode( affiliate_search_attributes() ) . ';', 'before' );
	add_shortcode( 'affiliate_search', 'affiliate_search_shortcode' );
}
