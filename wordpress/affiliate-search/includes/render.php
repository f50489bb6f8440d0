<?php
/**
 * The HTML for visitors: the element with a link inside, or a frame where no script runs.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** Attributes of the element that are no parameters of a search, but its pictures and its look. */
const AFFILIATE_SEARCH_LOOK = array( 'ids', 'collection', 'fallback', 'kind', 'rows', 'theme', 'accent', 'limit', 'consent', 'credit', 'align', 'target' );

/** Attributes that give a search its subject in place of words. */
const AFFILIATE_SEARCH_SUBJECTS = array( 'ids', 'collection', 'category', 'contributor', 'color' );

/** Attributes that are lowercase: the plugin compares them, or styles do. */
const AFFILIATE_SEARCH_CHOICES = array( 'kind', 'media', 'theme', 'consent', 'align', 'target' );

/** The maximum number of rows that a site shows. */
const AFFILIATE_SEARCH_MAX_ROWS = 6;

/** The maximum length of the words that a site takes. */
const AFFILIATE_SEARCH_MAX_CHARACTERS = 500;

/**
 * Returns the names of all attributes of the element, which block.json lists for the block.
 *
 * @return array<int, string>
 */
function affiliate_search_attributes() {
	static $names = array();
	if ( ! $names ) {
		$block = wp_json_file_decode( dirname( __DIR__ ) . '/block/block.json', array( 'associative' => true ) );
		$names = array_keys( array_diff_key( $block['attributes'], array( 'title' => '' ) ) );
	}
	return $names;
}

/**
 * Renders the block.
 *
 * @param array<string, string> $given Attributes of the block; `title` is the post's title in the editor.
 * @return string HTML.
 */
function affiliate_search_block( $given ) {
	$title = ! empty( $given['title'] ) ? $given['title'] : affiliate_search_title();
	$html  = affiliate_search_html( $given, $title );
	return '' === $html ? '' : sprintf( '<div %s>%s</div>', get_block_wrapper_attributes(), $html );
}

/**
 * Returns the title of the current post as its writer typed it.
 *
 * @return string
 */
function affiliate_search_title() {
	$post = get_post();
	return $post ? $post->post_title : '';
}

/**
 * Renders a search as the element or as a frame, depending on the current page.
 *
 * @param array<string, mixed> $given Attributes of the element; the settings give the missing ones.
 * @param string               $title The title whose words are searched when none are given.
 * @return string HTML; for visitors empty when there is nothing to show.
 */
function affiliate_search_html( $given, $title ) {
	$look = affiliate_search_resolve_attributes( $given, $title );
	if ( '' === affiliate_search_settings()['site'] ) {
		return affiliate_search_hint( __( 'Tell the address of your search site in the settings of Affiliate Search.', 'affiliate-search' ) );
	}
	if ( 'search' !== $look['kind'] && ! affiliate_search_has_subject( $look ) ) {
		return affiliate_search_hint( __( 'Type words to search for, or give the post a title.', 'affiliate-search' ) );
	}
	if ( affiliate_search_can_run_scripts() ) {
		return affiliate_search_element( $look );
	}
	return affiliate_search_frame( $look ) . ( is_feed() ? '<p>' . affiliate_search_link( $look ) . '</p>' : '' );
}

/**
 * Tells whether a search has a subject before a reader types words.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return bool
 */
function affiliate_search_has_subject( $look ) {
	return '' !== $look['q'] || array_intersect_key( $look, array_flip( AFFILIATE_SEARCH_SUBJECTS ) );
}

/**
 * Resolves the attributes of the element: as given, else as in the settings, else left out.
 *
 * @param array<string, mixed> $given Attributes that a writer gave.
 * @param string               $title The title whose words are searched when none are given.
 * @return array<string, string> `q` and `kind` are always there.
 */
function affiliate_search_resolve_attributes( $given, $title ) {
	$given = array_map( 'affiliate_search_clean_value', array_filter( $given, 'is_scalar' ) );
	$given = array_filter( $given, 'strlen' );
	if ( isset( $given['rows'] ) && ! preg_match( '/^[+-]?\d/', $given['rows'] ) ) {
		unset( $given['rows'] ); // The default number of rows, as in the element.
	}
	$given = array_merge( $given, array_map( 'strtolower', array_intersect_key( $given, array_flip( AFFILIATE_SEARCH_CHOICES ) ) ) );
	$alone = array_intersect_key( $given, array_flip( AFFILIATE_SEARCH_SUBJECTS ) ) || ( isset( $given['kind'] ) && 'search' === $given['kind'] );
	$words = $alone ? '' : affiliate_search_words( $title ); // A search box that a writer chose may be empty.
	$look  = array( 'site' => '' ) + affiliate_search_settings(); // The setting `site` is an address; the attribute is the blog's name.
	$look  = array_merge( $look, array( 'q' => $words, 'lang' => affiliate_search_language() ), $given );
	$known = array( 'q' => preg_replace( '/^(.{' . AFFILIATE_SEARCH_MAX_CHARACTERS . '}).*$/us', '$1', $look['q'] ) );
	foreach ( affiliate_search_attributes() as $name ) {
		if ( isset( $look[ $name ] ) && '' !== $look[ $name ] ) {
			$known += array( $name => $look[ $name ] );
		}
	}
	if ( isset( $known['align'] ) && ! in_array( $known['align'], array( 'left', 'center', 'right' ), true ) ) {
		unset( $known['align'] ); // The block itself uses "wide" and "full".
	}
	if ( isset( $known['rows'] ) ) {
		$known['rows'] = (string) max( 1, min( AFFILIATE_SEARCH_MAX_ROWS, (int) $known['rows'] ) );
	}
	return $known;
}

/**
 * Returns the language of the current page; plugins for several languages set WordPress' locale.
 *
 * @return string A language tag, such as "de-DE".
 */
function affiliate_search_language() {
	return str_replace( '_', '-', preg_replace( '/_(formal|informal|ao90)$/', '', (string) get_locale() ) );
}

/**
 * Decodes and sanitizes a value; a post's source may have `&` or `&amp;` for an ampersand.
 *
 * @param mixed $value A value as typed.
 * @return string One line without markup.
 */
function affiliate_search_clean_value( $value ) {
	return sanitize_text_field( html_entity_decode( (string) $value, ENT_QUOTES, 'UTF-8' ) );
}

/**
 * Renders a hint that only writers see.
 *
 * @param string $text An advice for the writer.
 * @return string HTML; empty for visitors.
 */
function affiliate_search_hint( $text ) {
	return current_user_can( 'edit_posts' ) ? '<p><em>' . esc_html( $text ) . '</em></p>' : '';
}

/**
 * Tells whether the script of the element can run: in pages of the blog, but not in feeds, AMP pages,
 * REST responses, such as the editor's preview, and what scripts load later, such as further posts.
 *
 * @return bool
 */
function affiliate_search_can_run_scripts() {
	$amp = function_exists( 'amp_is_request' ) && amp_is_request();
	return ! ( $amp || is_feed() || wp_doing_ajax() || ( defined( 'REST_REQUEST' ) && REST_REQUEST ) );
}

/**
 * Renders the element, with a link inside that stays when its script or the site can't be reached.
 *
 * A minimum height keeps the page from moving when pictures load; an empty search box grows at use.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return string HTML.
 */
function affiliate_search_element( $look ) {
	wp_enqueue_script( 'affiliate-search' );
	$attributes = '';
	foreach ( $look as $name => $value ) {
		$attributes .= sprintf( ' %s="%s"', 'consent' === $name ? 'data-consent' : $name, esc_attr( $value ) );
	}
	$height = affiliate_search_has_subject( $look ) ? affiliate_search_height( $look ) : AFFILIATE_SEARCH_DISCLOSURE_HEIGHT + AFFILIATE_SEARCH_EXTRA['search'];
	$attributes .= sprintf( ' style="display:block;min-height:%dpx"', $height );
	return "<affiliate-search$attributes>" . affiliate_search_link( $look ) . '</affiliate-search>';
}

/**
 * Renders the frame, with the height of the site's page.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return string HTML.
 */
function affiliate_search_frame( $look ) {
	return sprintf(
		'<iframe src="%s" title="%s" width="100%%" height="%d" loading="lazy" frameborder="0" referrerpolicy="strict-origin-when-cross-origin"></iframe>',
		esc_url( affiliate_search_address( '/embed', affiliate_search_add_blog( $look ) ) ),
		esc_attr( affiliate_search_label( $look ) ),
		affiliate_search_height( $look )
	);
}

/**
 * Renders a link to the page of the site that shows the same search.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return string HTML.
 */
function affiliate_search_link( $look ) {
	return sprintf(
		'<a href="%s" rel="sponsored nofollow noopener">%s</a>',
		esc_url( affiliate_search_page( $look ) ),
		esc_html( affiliate_search_label( $look ) )
	);
}

/**
 * Returns the address of the page of the site that shows the same search.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return string
 */
function affiliate_search_page( $look ) {
	$ways = array(
		'ids'        => isset( $look['media'] ) && 'video' === $look['media'] ? 'video' : 'image',
		'collection' => 'collections',
	);
	$asked = array_diff_key( affiliate_search_add_blog( $look ), array_flip( AFFILIATE_SEARCH_LOOK ) );
	$named = array( 'lang', 'site' );
	foreach ( $ways as $name => $way ) {
		if ( isset( $look[ $name ] ) && preg_match( '/^\s*([a-z0-9-]+):([^,;\s]+)/i', $look[ $name ], $found ) ) {
			$named[] = 'ids' === $name ? 'q' : 'media';
			$query   = array_filter( array_intersect_key( $asked, array_flip( $named ) ), 'strlen' );
			return affiliate_search_address( "/$way/$found[1]/" . rawurlencode( trim( $found[2] ) ), $query );
		}
	}
	if ( array_intersect_key( $look, array_flip( array( 'category', 'contributor', 'color' ) ) ) || '' !== $look['q'] ) {
		return affiliate_search_address( '/search', array_filter( $asked, 'strlen' ) );
	}
	return affiliate_search_address( '/', array_intersect_key( $asked, array_flip( $named ) ) );
}

/**
 * Returns the name of a search, for links, frames and the search box.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return string Text.
 */
function affiliate_search_label( $look ) {
	if ( isset( $look['kind'] ) && 'search' === $look['kind'] ) {
		return __( 'Search stock pictures', 'affiliate-search' );
	}
	if ( '' === $look['q'] ) {
		return __( 'Stock pictures', 'affiliate-search' );
	}
	/* translators: %s: Words, such as "red bicycle". */
	return sprintf( __( 'Stock pictures: %s', 'affiliate-search' ), $look['q'] );
}

/**
 * Adds the blog's host name, which reports of clicks show; the element adds the name by itself.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return array<string, string>
 */
function affiliate_search_add_blog( $look ) {
	return $look + array( 'site' => (string) wp_parse_url( home_url(), PHP_URL_HOST ) );
}

/**
 * Builds an address on the site.
 *
 * @param string                $path  A path with a slash at the start.
 * @param array<string, string> $query Parameters; `agency` is repeated for each of several agencies.
 * @return string
 */
function affiliate_search_address( $path, $query = array() ) {
	$pairs = array();
	foreach ( $query as $name => $value ) {
		foreach ( 'agency' === $name ? explode( ',', $value ) : array( $value ) as $item ) {
			$pairs[] = rawurlencode( $name ) . '=' . rawurlencode( trim( $item ) );
		}
	}
	return affiliate_search_settings()['site'] . $path . ( $pairs ? '?' . implode( '&', $pairs ) : '' );
}

/** Registers the script of the element, which the site serves. */
function affiliate_search_register_script() {
	if ( '' !== affiliate_search_settings()['site'] ) {
		wp_register_script( 'affiliate-search', affiliate_search_address( '/embed.js' ), array(), null, true ); // phpcs:ignore WordPress.WP.EnqueuedResourceParameters -- The site's headers set the lifetime in caches.
	}
}

/**
 * Loads the script of the element as a module, which does not block the page.
 *
 * @param string $tag    The tag as WordPress wrote it.
 * @param string $handle The name of the script.
 * @param string $src    The address of the script.
 * @return string
 */
function affiliate_search_script_tag( $tag, $handle, $src ) {
	if ( 'affiliate-search' !== $handle ) {
		return $tag;
	}
	return wp_get_script_tag(
		array(
			'type'  => 'module',
			'async' => true,
			'src'   => $src,
			'id'    => 'affiliate-search-js',
		)
	);
}
