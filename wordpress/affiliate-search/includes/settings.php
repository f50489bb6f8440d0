<?php
/**
 * The settings of the blog's owner: the address of the site and the default look.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

const AFFILIATE_SEARCH_PAGE = 'affiliate-search';

/**
 * Returns all settings, with defaults for the missing ones.
 *
 * @return array<string, string> The site's address has no slash at the end, and is empty until the
 *   owner has set one; an empty look means the site's default.
 */
function affiliate_search_settings() {
	$defaults = array(
		'site'    => '',
		'kind'    => 'strip',
		'rows'    => '',
		'theme'   => '',
		'accent'  => '',
		'consent' => '',
	);
	return array_intersect_key( (array) get_option( 'affiliate_search', array() ) + $defaults, $defaults );
}

/**
 * Returns the kinds of display of a search.
 *
 * @return array<string, string> Labels by the values of the element's attribute.
 */
function affiliate_search_kinds() {
	return array(
		'strip'  => __( 'Strip of pictures', 'affiliate-search' ),
		'grid'   => __( 'Grid of pictures', 'affiliate-search' ),
		'search' => __( 'Search box with pictures', 'affiliate-search' ),
		'image'  => __( 'Single picture', 'affiliate-search' ),
	);
}

/**
 * Returns the color schemes.
 *
 * @return array<string, string> Labels by the values of the element's attribute.
 */
function affiliate_search_themes() {
	return array(
		''      => __( 'As the page', 'affiliate-search' ),
		'auto'  => __( 'As the reader’s device', 'affiliate-search' ),
		'light' => __( 'Light', 'affiliate-search' ),
		'dark'  => __( 'Dark', 'affiliate-search' ),
	);
}

/** Registers the option and the fields of the settings page. */
function affiliate_search_register_settings() {
	register_setting(
		'affiliate_search',
		'affiliate_search',
		array( 'sanitize_callback' => 'affiliate_search_sanitize' )
	);
	add_settings_section( 'site', '', '__return_null', AFFILIATE_SEARCH_PAGE );
	$fields = array(
		'site'    => __( 'Address of your search site', 'affiliate-search' ),
		'kind'    => __( 'Shown as', 'affiliate-search' ),
		'rows'    => __( 'Rows', 'affiliate-search' ),
		'theme'   => __( 'Colors', 'affiliate-search' ),
		'accent'  => __( 'Accent color', 'affiliate-search' ),
		'consent' => __( 'Privacy', 'affiliate-search' ),
	);
	foreach ( $fields as $name => $label ) {
		add_settings_field(
			$name,
			$label,
			"affiliate_search_{$name}_field",
			AFFILIATE_SEARCH_PAGE,
			'site',
			array( 'label_for' => "affiliate-search-$name" )
		);
	}
}

/**
 * Sanitizes values of the form; after an invalid address the previous address stays.
 *
 * @param mixed $given Values of the form.
 * @return array<string, string>
 */
function affiliate_search_sanitize( $given ) {
	$given = array_map( 'sanitize_text_field', array_filter( (array) $given, 'is_string' ) );
	$kept  = array_merge( affiliate_search_settings(), array_intersect_key( $given, affiliate_search_settings() ) );
	$site  = affiliate_search_normalize_site( $kept['site'] );
	if ( null === $site ) {
		$message = __( 'This is no address of a site. Type it as your browser shows it, such as https://pictures.example.', 'affiliate-search' );
		add_settings_error( 'affiliate_search', 'site', $message );
		$site = affiliate_search_settings()['site'];
	}
	return array(
		'site'    => $site,
		'kind'    => isset( affiliate_search_kinds()[ $kept['kind'] ] ) ? $kept['kind'] : 'strip',
		'rows'    => preg_match( '/^[1-6]$/', $kept['rows'] ) ? $kept['rows'] : '',
		'theme'   => isset( affiliate_search_themes()[ $kept['theme'] ] ) ? $kept['theme'] : '',
		'accent'  => preg_match( '/^#[0-9a-f]{6}$/i', $kept['accent'] ) ? $kept['accent'] : '',
		'consent' => 'click' === $kept['consent'] ? 'click' : '',
	);
}

/**
 * Normalizes the address of a site for the option.
 *
 * @param string $typed The address as the owner typed it.
 * @return string|null Scheme, host and port, as a site has no path; null when the address is invalid.
 */
function affiliate_search_normalize_site( $typed ) {
	$address = preg_replace( array( '/[?#].*$/s', '#^//(?=[^/])#' ), '', trim( $typed ) );
	if ( '' === $address ) {
		return '';
	}
	if ( preg_match( '#^[a-z][a-z0-9+.-]*:(?!\d)#i', $address ) ? ! preg_match( '#^https?://#i', $address ) : preg_match( '#[\s<>"\\\\]|^/#', $address ) ) {
		return null;
	}
	$parts = wp_parse_url( preg_match( '#^https?://#i', $address ) ? $address : "https://$address" );
	if ( ! $parts || ! isset( $parts['scheme'], $parts['host'] ) || array_diff( array_keys( $parts ), array( 'scheme', 'host', 'port', 'path' ) ) ) {
		return null;
	}
	$host = affiliate_search_normalize_host( $parts['host'] );
	$usual = 'http' === strtolower( $parts['scheme'] ) ? 80 : 443;
	$port  = isset( $parts['port'] ) && $usual !== $parts['port'] ? ':' . $parts['port'] : '';
	$kept  = strtolower( $parts['scheme'] ) . "://$host$port";
	$whole = $kept . ( isset( $parts['path'] ) ? $parts['path'] : '' );
	return '' !== $host && esc_url_raw( $whole, array( 'http', 'https' ) ) === $whole ? $kept : null;
}

/**
 * Normalizes a host name as in requests: lowercase and in ASCII (RFC 5891).
 *
 * @param string $typed A host name in any script.
 * @return string Empty when the host name is invalid.
 */
function affiliate_search_normalize_host( $typed ) {
	$host = function_exists( 'mb_strtolower' ) ? mb_strtolower( $typed, 'UTF-8' ) : strtolower( $typed );
	$host = rtrim( str_replace( array( '。', '．', '｡' ), '.', $host ), '.' );
	if ( preg_match( '/[^\x00-\x7F]/', $host ) ) {
		$host = implode( '.', array_map( 'affiliate_search_encode_label', explode( '.', $host ) ) );
	}
	return preg_match( '/^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)$/', $host ) ? $host : '';
}

/**
 * Encodes a label of a host name in ASCII (Punycode: RFC 3492, 6.3).
 *
 * WordPress' own encoder returns wrong names for some labels (seen in 6.1), and PHP's encoder is often
 * not installed.
 *
 * @param string $label Lowercase letters of any script.
 * @return string
 */
function affiliate_search_encode_label( $label ) {
	$points = array_values( (array) unpack( 'N*', (string) iconv( 'UTF-8', 'UTF-32BE', $label ) ) );
	$basic  = array_filter( $points, function ( $point ) {
		return $point < 128;
	} );
	if ( count( $basic ) === count( $points ) ) {
		return $label;
	}
	$out   = $basic ? implode( '', array_map( 'chr', $basic ) ) . '-' : '';
	$done  = count( $basic );
	$delta = 0;
	$bias  = 72;
	for ( $point = 128; $done < count( $points ); $point++ ) {
		$next   = min( array_filter( $points, function ( $code ) use ( $point ) {
			return $code >= $point;
		} ) );
		$delta += ( $next - $point ) * ( $done + 1 );
		$point  = $next;
		foreach ( $points as $code ) {
			$delta += $code < $point ? 1 : 0;
			if ( $code !== $point ) {
				continue;
			}
			$rest = $delta;
			for ( $base = 36; ; $base += 36 ) {
				$least = max( 1, min( 26, $base - $bias ) );
				if ( $rest < $least ) {
					break;
				}
				$out .= 'abcdefghijklmnopqrstuvwxyz0123456789'[ $least + ( $rest - $least ) % ( 36 - $least ) ];
				$rest = intdiv( $rest - $least, 36 - $least );
			}
			$out  .= 'abcdefghijklmnopqrstuvwxyz0123456789'[ $rest ];
			$delta = count( $basic ) === $done ? intdiv( $delta, 700 ) : intdiv( $delta, 2 );
			$done++;
			$delta += intdiv( $delta, $done );
			for ( $bias = 0; $delta > 455; $bias += 36 ) {
				$delta = intdiv( $delta, 35 );
			}
			$bias += intdiv( 36 * $delta, $delta + 38 );
			$delta = 0;
		}
		$delta++;
	}
	return "xn--$out";
}

/** Adds the settings page to the menu of settings. */
function affiliate_search_add_menu() {
	$name = __( 'Affiliate Search', 'affiliate-search' );
	add_options_page( $name, $name, 'manage_options', AFFILIATE_SEARCH_PAGE, 'affiliate_search_settings_page' );
}

/**
 * Adds a link to the settings page in the list of plugins.
 *
 * @param string[] $links The links of the plugin.
 * @return string[]
 */
function affiliate_search_add_settings_link( $links ) {
	$page = sprintf( '<a href="%s">%s</a>', esc_url( affiliate_search_settings_address() ), esc_html__( 'Settings', 'affiliate-search' ) );
	return array_merge( array( $page ), $links );
}

/**
 * Returns the address of the settings page.
 *
 * @return string
 */
function affiliate_search_settings_address() {
	return admin_url( 'options-general.php?page=' . AFFILIATE_SEARCH_PAGE );
}

/** Prints the settings page. */
function affiliate_search_settings_page() {
	if ( ! current_user_can( 'manage_options' ) ) {
		return;
	}
	echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1><form action="options.php" method="post">';
	settings_fields( 'affiliate_search' );
	do_settings_sections( AFFILIATE_SEARCH_PAGE );
	submit_button();
	echo '</form><h2>' . esc_html__( 'In your posts', 'affiliate-search' ) . '</h2><p>';
	esc_html_e( 'Insert the block “Stock pictures”, paste the address of a search on a line of its own, or write a shortcode:', 'affiliate-search' );
	echo '</p><p><code>[affiliate_search q="red bicycle" kind="strip" rows="2"]</code></p><p>';
	esc_html_e( 'Without words the title of the post gives them.', 'affiliate-search' );
	echo '</p></div>';
}

/** Prints the field of the site's address, and whether the site answers. */
function affiliate_search_site_field() {
	$site = affiliate_search_settings()['site'];
	printf(
		'<input type="text" inputmode="url" class="regular-text code" id="affiliate-search-site" name="affiliate_search[site]" value="%s" placeholder="https://pictures.example">',
		esc_attr( $site )
	);
	if ( '' !== $site ) {
		$state = affiliate_search_site_answers() ? __( 'The site answers.', 'affiliate-search' ) : __( 'The site does not answer at the moment; posts show a link meanwhile.', 'affiliate-search' );
		printf( '<p class="description" id="affiliate-search-state">%s</p>', esc_html( $state ) );
	}
}

/** Prints the field of the kind of display. */
function affiliate_search_kind_field() {
	affiliate_search_print_select( 'kind', affiliate_search_kinds() );
}

/** Prints the field of the color scheme. */
function affiliate_search_theme_field() {
	affiliate_search_print_select( 'theme', affiliate_search_themes() );
}

/** Prints the field of the number of rows. */
function affiliate_search_rows_field() {
	printf(
		'<input type="number" class="small-text" id="affiliate-search-rows" name="affiliate_search[rows]" value="%s" min="1" max="6"><p class="description">%s</p>',
		esc_attr( affiliate_search_settings()['rows'] ),
		esc_html__( 'Empty: as many as usual.', 'affiliate-search' )
	);
}

/** Prints the field of the accent color. */
function affiliate_search_accent_field() {
	printf(
		'<input type="text" class="code" size="10" id="affiliate-search-accent" name="affiliate_search[accent]" value="%s" placeholder="#0b6e4f" pattern="#[0-9a-fA-F]{6}"><p class="description">%s</p>',
		esc_attr( affiliate_search_settings()['accent'] ),
		esc_html__( 'Empty: the site’s own.', 'affiliate-search' )
	);
}

/** Prints the box for pictures after a click only; the hidden field sends a value when unchecked. */
function affiliate_search_consent_field() {
	printf(
		'<input type="hidden" name="affiliate_search[consent]" value=""><label><input type="checkbox" id="affiliate-search-consent" name="affiliate_search[consent]" value="click"%s> %s</label>',
		checked( affiliate_search_settings()['consent'], 'click', false ), // phpcs:ignore WordPress.Security.EscapeOutput -- WordPress' own markup.
		esc_html__( 'Load pictures only after a click', 'affiliate-search' )
	);
}

/**
 * Prints a menu of choices.
 *
 * @param string                $name    The setting's name.
 * @param array<string, string> $choices Labels by value.
 */
function affiliate_search_print_select( $name, $choices ) {
	printf( '<select id="affiliate-search-%1$s" name="affiliate_search[%1$s]">', esc_attr( $name ) );
	foreach ( $choices as $value => $label ) {
		$chosen = selected( affiliate_search_settings()[ $name ], $value, false );
		printf( '<option value="%s"%s>%s</option>', esc_attr( $value ), $chosen, esc_html( $label ) ); // phpcs:ignore WordPress.Security.EscapeOutput -- WordPress' own markup.
	}
	echo '</select>';
}
