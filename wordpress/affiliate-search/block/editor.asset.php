<?php
/**
 * The scripts that the block's script in the editor depends on.
 *
 * @package AffiliateSearch
 */

return array(
	'dependencies' => array( 'wp-block-editor', 'wp-blocks', 'wp-components', 'wp-data', 'wp-element', 'wp-i18n', 'wp-server-side-render' ),
	'version'      => '0.1.0',
);
