<?php
/**
 * What visitors get: the element with a link inside, or, where no script runs, a frame.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** Attributes of the element by which a search differs from others; the rest is its look. */
const AFFILIATE_SEARCH_FILTERS = array( 'q', 'agency', 'media', 'type', 'orientation', 'color', 'people', 'age', 'gender', 'ethnicity', 'category', 'contributor', 'license', 'released', 'safe', 'sort', 'lang', 'exclude', 'duration', 'resolution', 'aspect', 'fps', 'site' );

/** Attributes that say what is shown where there are no words. */
const AFFILIATE_SEARCH_SAYING = array( 'ids', 'collection', 'category', 'contributor', 'color' );

/** Attributes that have a few values, all in small letters. */
const AFFILIATE_SEARCH_CHOICES = array( 'kind', 'media', 'type', 'orientation', 'license', 'sort', 'theme', 'consent', 'align', 'target' );

/** All attributes of the element. */
const AFFILIATE_SEARCH_ATTRIBUTES = array( 'q', 'ids', 'collection', 'fallback', 'kind', 'rows', 'agency', 'media', 'type', 'orientation', 'color', 'people', 'age', 'gender', 'ethnicity', 'category', 'contributor', 'license', 'released', 'safe', 'sort', 'lang', 'exclude', 'duration', 'resolution', 'aspect', 'fps', 'theme', 'accent', 'site', 'limit', 'consent', 'credit', 'align', 'target' );

/** The most rows that a site shows. */
const AFFILIATE_SEARCH_ROWS = 6;

/** The longest words that a site takes. */
const AFFILIATE_SEARCH_CHARACTERS = 500;

/**
 * The block.
 *
 * @param array<string, string> $given Its attributes; `title` is what the editor says the post's is.
 * @return string HTML.
 */
function affiliate_search_block( $given ) {
	$title = ! empty( $given['title'] ) ? $given['title'] : affiliate_search_title();
	$html  = affiliate_search_html( $given, $title );
	return '' === $html ? '' : sprintf( '<div %s>%s</div>', get_block_wrapper_attributes(), $html );
}

/**
 * The title of the post under way, as its writer typed it.
 *
 * @return string
 */
function affiliate_search_title() {
	$post = get_post();
	return $post ? $post->post_title : '';
}

/**
 * A search in the form that the place takes.
 *
 * @param array<string, mixed> $given Attributes of the element; what isn't given is as in the settings.
 * @param string               $title The title whose words are searched when none are given.
 * @return string HTML; empty when there is nothing to show and nobody to tell.
 */
function affiliate_search_html( $given, $title ) {
	$look = affiliate_search_look( $given, $title );
	if ( '' === affiliate_search_settings()['site'] ) {
		return affiliate_search_hint( __( 'Tell the address of your search site in the settings of Affiliate Search.', 'affiliate-search' ) );
	}
	if ( 'search' !== $look['kind'] && ! affiliate_search_shows_something( $look ) ) {
		return affiliate_search_hint( __( 'Type words to search for, or give the post a title.', 'affiliate-search' ) );
	}
	if ( affiliate_search_scripts_run() ) {
		return affiliate_search_element( $look );
	}
	return affiliate_search_frame( $look ) . ( is_feed() ? '<p>' . affiliate_search_link( $look ) . '</p>' : '' );
}

/**
 * Whether there are pictures before a reader types what to search for.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return bool
 */
function affiliate_search_shows_something( $look ) {
	return '' !== $look['q'] || array_intersect_key( $look, array_flip( AFFILIATE_SEARCH_SAYING ) );
}

/**
 * The attributes of the element: as given, else as in the settings, else left out.
 *
 * @param array<string, mixed> $given As a writer gave them.
 * @param string               $title The title whose words are searched when none are given.
 * @return array<string, string> `q` and `kind` are always there.
 */
function affiliate_search_look( $given, $title ) {
	$given = array_map( 'affiliate_search_plain', array_filter( $given, 'is_scalar' ) );
	$given = array_filter( $given, 'strlen' );
	if ( isset( $given['rows'] ) && ! preg_match( '/^[+-]?\d/', $given['rows'] ) ) {
		unset( $given['rows'] ); // As many as usual, as for the element.
	}
	$given = array_merge( $given, array_map( 'strtolower', array_intersect_key( $given, array_flip( AFFILIATE_SEARCH_CHOICES ) ) ) );
	$alone = array_intersect_key( $given, array_flip( AFFILIATE_SEARCH_SAYING ) ) || ( isset( $given['kind'] ) && 'search' === $given['kind'] );
	$words = $alone ? '' : affiliate_search_words( $title ); // A box that a writer chose may be empty.
	$look  = array( 'site' => '' ) + affiliate_search_settings(); // Its address is not the blog's name.
	$look  = array_merge( $look, array( 'q' => $words, 'lang' => affiliate_search_language() ), $given );
	$known = array( 'q' => preg_replace( '/^(.{' . AFFILIATE_SEARCH_CHARACTERS . '}).*$/us', '$1', $look['q'] ) );
	foreach ( AFFILIATE_SEARCH_ATTRIBUTES as $name ) {
		if ( isset( $look[ $name ] ) && '' !== $look[ $name ] ) {
			$known += array( $name => $look[ $name ] );
		}
	}
	if ( isset( $known['align'] ) && ! in_array( $known['align'], array( 'left', 'center', 'right' ), true ) ) {
		unset( $known['align'] ); // Wide and full are the block's own.
	}
	if ( isset( $known['rows'] ) ) {
		$known['rows'] = (string) max( 1, min( AFFILIATE_SEARCH_ROWS, (int) $known['rows'] ) );
	}
	return $known;
}

/**
 * The language of the page under way, which plugins for several languages tell as WordPress does.
 *
 * @return string A language tag, such as "de-DE".
 */
function affiliate_search_language() {
	return str_replace( '_', '-', preg_replace( '/_(formal|informal|ao90)$/', '', (string) get_locale() ) );
}

/**
 * What a writer meant: in a post's source an ampersand may stand as it is or as `&amp;`.
 *
 * @param mixed $value As it came.
 * @return string One line without markup.
 */
function affiliate_search_plain( $value ) {
	return sanitize_text_field( html_entity_decode( (string) $value, ENT_QUOTES, 'UTF-8' ) );
}

/**
 * Words for a writer, where visitors see nothing.
 *
 * @param string $text What the writer could do.
 * @return string HTML; empty for visitors.
 */
function affiliate_search_hint( $text ) {
	return current_user_can( 'edit_posts' ) ? '<p><em>' . esc_html( $text ) . '</em></p>' : '';
}

/**
 * Whether the place runs the script of the element: a page of the blog does; feeds, AMP pages, and
 * what is fetched by programs (the editor's preview, too) don't.
 *
 * @return bool
 */
function affiliate_search_scripts_run() {
	$amp = function_exists( 'amp_is_request' ) && amp_is_request();
	return ! ( $amp || is_feed() || ( defined( 'REST_REQUEST' ) && REST_REQUEST ) );
}

/**
 * The element, with the link inside that stays where its script or the site can't be reached.
 *
 * Its height is kept free, so that nothing moves when the pictures come; an empty box grows when it is used.
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
	$height = affiliate_search_shows_something( $look ) ? affiliate_search_height( $look ) : AFFILIATE_SEARCH_NOTE + AFFILIATE_SEARCH_MORE['search'];
	$attributes .= sprintf( ' style="display:block;min-height:%dpx"', $height );
	return "<affiliate-search$attributes>" . affiliate_search_link( $look ) . '</affiliate-search>';
}

/**
 * The frame, as high as the site's page is.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return string HTML.
 */
function affiliate_search_frame( $look ) {
	return sprintf(
		'<iframe src="%s" title="%s" width="100%%" height="%d" loading="lazy" frameborder="0" referrerpolicy="strict-origin-when-cross-origin"></iframe>',
		esc_url( affiliate_search_address( '/embed', affiliate_search_shown_here( $look ) ) ),
		esc_attr( affiliate_search_label( $look ) ),
		affiliate_search_height( $look )
	);
}

/**
 * A link to the page of the site that shows the same.
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
 * The address of the page of the site that shows the same.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return string
 */
function affiliate_search_page( $look ) {
	$ways = array(
		'ids'        => isset( $look['media'] ) && 'video' === $look['media'] ? 'video' : 'image',
		'collection' => 'collections',
	);
	$asked = array_intersect_key( affiliate_search_shown_here( $look ), array_flip( AFFILIATE_SEARCH_FILTERS ) );
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
 * What the search is called: for people who don't see its pictures, and on its box.
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
 * The attributes, with the blog's name for the reports of clicks; the element finds it by itself.
 *
 * @param array<string, string> $look Attributes of the element.
 * @return array<string, string>
 */
function affiliate_search_shown_here( $look ) {
	return $look + array( 'site' => (string) wp_parse_url( home_url(), PHP_URL_HOST ) );
}

/**
 * An address on the site.
 *
 * @param string                $path  Begins with a slash.
 * @param array<string, string> $query Parameters, if any; those of several agencies are told apart.
 * @return string
 */
function affiliate_search_address( $path, $query = array() ) {
	$pairs = array();
	foreach ( $query as $name => $value ) {
		foreach ( 'agency' === $name ? explode( ',', $value ) : array( $value ) as $one ) {
			$pairs[] = rawurlencode( $name ) . '=' . rawurlencode( trim( $one ) );
		}
	}
	return affiliate_search_settings()['site'] . $path . ( $pairs ? '?' . implode( '&', $pairs ) : '' );
}

/** Registers the script of the element, which the site itself serves. */
function affiliate_search_register_script() {
	if ( '' !== affiliate_search_settings()['site'] ) {
		wp_register_script( 'affiliate-search', affiliate_search_address( '/embed.js' ), array(), null, true ); // phpcs:ignore WordPress.WP.EnqueuedResourceParameters -- The site says by itself how long it may be kept.
	}
}

/**
 * Makes the script of the element a module, which loads without holding up the page.
 *
 * @param string $tag    The tag as it would be.
 * @param string $handle The name of the script.
 * @param string $src    Its address.
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
