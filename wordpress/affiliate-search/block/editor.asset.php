<?php
/**
 * The scripts that the block's script in the editor depends on.
 *
 * @package AffiliateSearch
 */

return array(
	'dependencies' => array( 'wp-api-fetch', 'wp-block-editor', 'wp-blocks', 'wp-components', 'wp-data', 'wp-element', 'wp-i18n' ),
	'version'      => '0.1.0',
);
